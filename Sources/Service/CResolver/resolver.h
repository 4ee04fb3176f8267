#ifndef RESOLVER_H
#define RESOLVER_H

// Later versions than Debian 12's would warn of what this one has nothing else for.
#define CARES_NO_DEPRECATED
#include <ares.h>

#include "CResolver.h"

struct cr_resolver {
  ares_channel channel;
  /// As read, with the search list.
  struct ares_options options;
};

/// Sockets that no started process inherits and that raise no SIGPIPE.
extern const struct ares_socket_functions cr_socket_functions;

#endif
