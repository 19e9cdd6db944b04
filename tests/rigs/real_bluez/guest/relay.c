/*
 * Joins four TCP ports to what is inside the guest, one process per connection:
 *   5555  the system bus
 *   5556  a new Bluetooth controller (/dev/vhci); HCI packets with their H4 type byte. Closing it unplugs it.
 *   5557  a shell
 *   5558  a Bluetooth management socket of the kernel. First comes who opens it (a byte, see `become`) and a
 *         program for the socket (how many lines, two bytes, little-endian; and the lines), then packets.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 65536, SERVICES = 4 };

static unsigned char incoming[BUFFER], outgoing[BUFFER];

static int write_all(int to, const unsigned char *bytes, ssize_t count)
{
    while (count > 0) {
        ssize_t written = write(to, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes += written;
        count -= written;
    }
    return 0;
}

/* Carry bytes both ways until one end closes. */
static void join(int a, int b)
{
    struct pollfd ends[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    while (poll(ends, 2, -1) >= 0) {
        for (int i = 0; i < 2; i++) {
            if (!ends[i].revents)
                continue;
            ssize_t count = read(ends[i].fd, incoming, BUFFER);
            if (count <= 0 || write_all(ends[1 - i].fd, incoming, count) < 0)
                return;
        }
    }
}

/* The length of the H4 packet that begins here; 0 if its header is not complete, -1 if it is none. */
static int h4_length(const unsigned char *packet, int count)
{
    switch (packet[0]) {
    case 1: return count < 4 ? 0 : 4 + packet[3];                                 /* command */
    case 2: return count < 5 ? 0 : 5 + (packet[3] | packet[4] << 8);              /* ACL data */
    case 3: return count < 4 ? 0 : 4 + packet[3];                                 /* SCO data */
    case 4: return count < 3 ? 0 : 3 + packet[2];                                 /* event */
    case 5: return count < 5 ? 0 : 5 + ((packet[3] | packet[4] << 8) & 0x3fff);   /* ISO data */
    default: return -1;
    }
}

/* Write every whole packet to vhci, which wants one per write; return how many bytes are left over, or -1. */
static int feed(int vhci, unsigned char *bytes, int count)
{
    int done = 0;
    while (count > done) {
        int length = h4_length(bytes + done, count - done);
        if (length < 0)
            return -1;
        if (length == 0 || length > count - done)
            break;
        if (write(vhci, bytes + done, length) != length)
            perror("relay: vhci");
        done += length;
    }
    memmove(bytes, bytes + done, count - done);
    return count - done;
}

static void controller(int client)
{
    const unsigned char create[2] = {0xff, 0x00}; /* vendor packet: a primary controller */
    int vhci = open("/dev/vhci", O_RDWR), held = 0;
    if (vhci < 0 || write(vhci, create, sizeof create) != sizeof create) {
        perror("relay: /dev/vhci");
        return;
    }
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = vhci, .events = POLLIN}};
    while (poll(ends, 2, -1) >= 0) {
        if (ends[1].revents) {
            ssize_t count = read(vhci, outgoing, BUFFER);
            if (count <= 0)
                return;
            if (outgoing[0] != 0xff && write_all(client, outgoing, count) < 0) /* 0xff: "created" */
                return;
        }
        if (ends[0].revents) {
            ssize_t count = read(client, incoming + held, BUFFER - held);
            if (count <= 0 || (held = feed(vhci, incoming, held + count)) < 0)
                return;
        }
    }
}

static int read_all(int from, void *into, size_t count)
{
    while (count > 0) {
        ssize_t got = read(from, into, count);
        if (got <= 0)
            return -1;
        into = (char *)into + got;
        count -= got;
    }
    return 0;
}

/* Who opens the socket: root (0), nobody (1), or nobody who may administer networks (2). */
static int become(int who)
{
    struct __user_cap_header_struct version = {.version = _LINUX_CAPABILITY_VERSION_3};
    unsigned admin = 1u << CAP_NET_ADMIN;
    struct __user_cap_data_struct caps[2] = {{.effective = admin, .permitted = admin}};
    if (who == 0)
        return 0;
    if (prctl(PR_SET_KEEPCAPS, who == 2) || setgid(65534) || setuid(65534))
        return -1;
    return who == 2 ? syscall(SYS_capset, &version, caps) : 0;
}

static void management(int client)
{
    static struct sock_filter lines[BPF_MAXINSNS];
    struct { unsigned short family, controller, channel; } where = {AF_BLUETOOTH, 0xffff, 3};
    unsigned char first[3];
    int held = 0;
    if (read_all(client, first, sizeof first))
        return;
    struct sock_fprog program = {.len = first[1] | first[2] << 8, .filter = lines};
    if (program.len > BPF_MAXINSNS || read_all(client, lines, program.len * sizeof *lines) || become(first[0]))
        return;
    int kernel = socket(AF_BLUETOOTH, SOCK_RAW, 1);
    if (kernel < 0 || bind(kernel, (struct sockaddr *)&where, sizeof where)
        || (program.len && setsockopt(kernel, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))) {
        perror("relay: management");
        return;
    }
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = kernel, .events = POLLIN}};
    while (poll(ends, 2, -1) >= 0) {
        if (ends[1].revents) {
            ssize_t count = read(kernel, outgoing, BUFFER);
            if (count <= 0 || write_all(client, outgoing, count) < 0)
                return;
        }
        if (ends[0].revents) {
            ssize_t count = read(client, incoming + held, BUFFER - held);
            if (count <= 0)
                return;
            held += count;
            for (int length; held >= 6 && held >= (length = 6 + (incoming[4] | incoming[5] << 8));) {
                if (write(kernel, incoming, length) < 0)
                    perror("relay: management");
                memmove(incoming, incoming + length, held -= length);
            }
        }
    }
}

static void message_bus(int client)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX, .sun_path = "/run/dbus/system_bus_socket"};
    int bus = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(bus, (struct sockaddr *)&where, sizeof where) == 0)
        join(client, bus);
}

static void shell(int client)
{
    signal(SIGCHLD, SIG_DFL);
    for (int stream = 0; stream < 3; stream++)
        dup2(client, stream);
    if (client > 2)
        close(client);
    execl("/bin/sh", "sh", (char *)0);
}

static int listen_on(int port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    int yes = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(server, (struct sockaddr *)&where, sizeof where) || listen(server, 64)) {
        perror("relay: listen");
        exit(1);
    }
    return server;
}

int main(void)
{
    void (*const serve[SERVICES])(int) = {message_bus, controller, shell, management};
    struct pollfd servers[SERVICES];
    for (int i = 0; i < SERVICES; i++)
        servers[i] = (struct pollfd){.fd = listen_on(5555 + i), .events = POLLIN};
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        if (poll(servers, SERVICES, -1) < 0)
            continue;
        for (int i = 0; i < SERVICES; i++) {
            if (!servers[i].revents)
                continue;
            int yes = 1, client = accept(servers[i].fd, 0, 0);
            if (client < 0)
                continue;
            setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            if (fork() == 0) {
                for (int j = 0; j < SERVICES; j++)
                    close(servers[j].fd);
                serve[i](client);
                _exit(0);
            }
            close(client);
        }
    }
}
