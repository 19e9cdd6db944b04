"""Which files hold what nobody else may read. Owns: the list of them, by the key that names each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.config.sinks import WebhookSink

if TYPE_CHECKING:
    from shopbell_server.config.settings import Settings


def secret_files(settings: Settings) -> dict[str, str | None]:
    """Return every file with a secret in it, None where it was not given."""
    orders, audit, tls = settings.orders, settings.audit, settings.broker.tls
    vault, oidc = settings.keys.vault, settings.oidc
    return {
        "database.password_file": settings.database.password_file,
        "keys.password_file": settings.keys.password_file,
        "keys.vault.token_file": None if vault is None else vault.token_file,
        "broker.password_file": settings.broker.password_file,
        "broker.tls.key_file": None if tls is None else tls.key_file,
        "retailer.number_key_file": settings.retailer.number_key_file,
        "retailer.fixed_id_key_file": settings.retailer.fixed_id_key_file,
        "delivery.pairwise_key_file": settings.delivery.pairwise_key_file,
        "orders.signing_key_file": None if orders is None else orders.signing_key_file,
        "audit.signing_key_file": None if audit is None else audit.signing_key_file,
        "oidc.client_secret_file": None if oidc is None else oidc.client_secret_file,
        "audit.checkpoint_token_file": None if audit is None else audit.checkpoint_token_file,
    } | {
        f"sinks[{index}].secret_file": sink.secret_file
        for index, sink in enumerate(settings.sinks)
        if isinstance(sink, WebhookSink)
    }
