#define _GNU_SOURCE
#include "resolver.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// c-ares would mark its sockets after it has made them, and writes to TCP with writev.

static ares_socket_t open_socket(int domain, int type, int protocol, void *context) {
  (void)context;
  return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int close_socket(ares_socket_t descriptor, void *context) {
  (void)context;
  return close(descriptor);
}

static int connect_socket(ares_socket_t descriptor, const struct sockaddr *address,
                          ares_socklen_t size, void *context) {
  (void)context;
  return connect(descriptor, address, size);
}

static ares_ssize_t receive(ares_socket_t descriptor, void *buffer, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *from_size, void *context) {
  (void)context;
  return recvfrom(descriptor, buffer, size, flags, from, from_size);
}

static ares_ssize_t transmit(ares_socket_t descriptor, const struct iovec *parts, int count,
                             void *context) {
  (void)context;
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = (struct iovec *)parts;
  message.msg_iovlen = (size_t)count;
  return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

const struct ares_socket_functions cr_socket_functions = {
    .asocket = open_socket,
    .aclose = close_socket,
    .aconnect = connect_socket,
    .arecvfrom = receive,
    .asendv = transmit,
};
