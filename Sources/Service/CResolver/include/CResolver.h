#ifndef CRESOLVER_H
#define CRESOLVER_H

#include <stddef.h>
#include <stdint.h>

/// Questions to DNS servers, asked and awaited on the calling thread, in bounded time.
///
/// Through c-ares, not glibc. getaddrinfo tells neither SRV records nor how long an answer holds.
/// res_nquery asks one question after the other, cannot be stopped, and waits without limit for a
/// server that takes a TCP connection and then says nothing: with a timeout of 2 s and 2 tries it
/// was still waiting after a minute (glibc 2.36).
///
/// A name is asked as it is. Putting search domains behind it is the caller's: c-ares's own search
/// takes a name that a server could not look up (SERVFAIL) for one that does not exist.

/// Servers and search list, for the questions of one thread at a time.
typedef struct cr_resolver cr_resolver;

enum {
  /// Questions on their way at once.
  CR_OUTSTANDING_MAX = 32,
  /// Servers that are asked: the first ones, as with glibc.
  CR_SERVERS_MAX = 3,
  /// Search domains that are known: the first ones.
  CR_SEARCH_DOMAINS_MAX = 32,
};

typedef struct {
  /// The file with servers, search list and options, or NULL for /etc/resolv.conf.
  const char *configuration_path;
  /// Servers in place of the file's: "ADDRESS[:PORT],…", "[ADDRESS]:PORT" for IPv6; or NULL.
  const char *servers;
  /// How long a server is waited for at first; doubled with each round.
  int timeout_milliseconds;
  /// Rounds over all servers.
  int tries;
} cr_options;

/// Reads the configuration. Returns 0 and a resolver to be closed, or what `cr_error_text` explains.
int cr_open(const cr_options *options, cr_resolver **resolver);

void cr_close(cr_resolver *resolver);

/// In English; not to be freed.
const char *cr_error_text(int error);

/// Names with at least this many dots are asked as they are before any search domain is tried.
int cr_ndots(const cr_resolver *resolver);

/// Search domains, at most CR_SEARCH_DOMAINS_MAX.
size_t cr_search_domain_count(const cr_resolver *resolver);

/// The domain of an index below the count, owned by the resolver.
const char *cr_search_domain(const cr_resolver *resolver, size_t index);

typedef struct {
  /// Asked as it is, with or without a dot at its end.
  const char *name;
  /// The number of the record type: 1 A, 28 AAAA, 33 SRV.
  uint16_t type;
} cr_question;

typedef enum {
  /// There is a message with at least one record in its answer section (NOERROR).
  CR_ANSWERED,
  /// The name has no records of this type (NOERROR).
  CR_NO_DATA,
  /// There is no such name (NXDOMAIN).
  CR_NO_SUCH_NAME,
  /// Nothing is known: no server answered in time, or none that could (SERVFAIL, REFUSED …).
  CR_UNAVAILABLE,
} cr_outcome;

/// Called once for each question, on the thread that asks, in any order.
///
/// `message` has `length` bytes (at most 65,535) of the whole DNS message with CR_ANSWERED, else
/// none; only its header and question are checked. `reason` is English with CR_UNAVAILABLE.
/// Both hold during the call only.
typedef void (*cr_answered)(void *context, size_t index, cr_outcome outcome, const char *reason,
                            const uint8_t *message, size_t length);

/// A descriptor that becomes readable once it is set; to be closed. Negative if there are no more.
int cr_stop_open(void);

void cr_stop_set(int stop_descriptor);

/// Asks all of them and waits for the answers, over UDP and, where one does not fit, over TCP.
///
/// Ends after `wait_milliseconds`, or as soon as `stop_descriptor` (-1 for none) is readable: what
/// has no answer then is CR_UNAVAILABLE.
void cr_ask(cr_resolver *resolver, const cr_question *questions, size_t count,
            int wait_milliseconds, int stop_descriptor, cr_answered answered, void *context);

#endif
