#define _GNU_SOURCE
#include "resolver.h"

#include <pthread.h>
#include <stdlib.h>

/// What servers may send in one datagram: it fits the least MTU of IPv6 (DNS flag day 2020).
enum { DATAGRAM_BYTES = 1232 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int library_status;

static void start_library(void) { library_status = ares_library_init(ARES_LIB_INIT_ALL); }

static int keep_first_servers(ares_channel channel) {
  struct ares_addr_port_node *first = NULL;
  int status = ares_get_servers_ports(channel, &first);
  if (status != ARES_SUCCESS) return status;
  struct ares_addr_port_node *last = first;
  for (int kept = 1; last != NULL && kept < CR_SERVERS_MAX; kept++) last = last->next;
  if (last != NULL && last->next != NULL) {
    struct ares_addr_port_node *others = last->next;
    last->next = NULL;
    status = ares_set_servers_ports(channel, first);
    ares_free_data(others);
  }
  ares_free_data(first);
  return status;
}

static int configure(cr_resolver *resolver, const cr_options *options) {
  if (options->servers != NULL) {
    int status = ares_set_servers_ports_csv(resolver->channel, options->servers);
    if (status != ARES_SUCCESS) return status;
  }
  int status = keep_first_servers(resolver->channel);
  if (status != ARES_SUCCESS) return status;
  ares_set_socket_functions(resolver->channel, &cr_socket_functions, NULL);
  int mask = 0;
  return ares_save_options(resolver->channel, &resolver->options, &mask);
}

int cr_open(const cr_options *options, cr_resolver **resolver) {
  pthread_once(&once, start_library);
  if (library_status != ARES_SUCCESS) return library_status;
  cr_resolver *opened = calloc(1, sizeof *opened);
  if (opened == NULL) return ARES_ENOMEM;
  struct ares_options wanted = {
      .flags = ARES_FLAG_EDNS,
      .timeout = options->timeout_milliseconds,
      .tries = options->tries,
      .ednspsz = DATAGRAM_BYTES,
      .resolvconf_path = (char *)options->configuration_path,
  };
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ;
  if (options->configuration_path != NULL) mask |= ARES_OPT_RESOLVCONF;
  int status = ares_init_options(&opened->channel, &wanted, mask);
  if (status != ARES_SUCCESS) {
    free(opened);
    return status;
  }
  status = configure(opened, options);
  if (status != ARES_SUCCESS) {
    cr_close(opened);
    return status;
  }
  *resolver = opened;
  return 0;
}

void cr_close(cr_resolver *resolver) {
  ares_destroy(resolver->channel);
  ares_destroy_options(&resolver->options);
  free(resolver);
}

const char *cr_error_text(int error) { return ares_strerror(error); }

int cr_ndots(const cr_resolver *resolver) { return resolver->options.ndots; }

size_t cr_search_domain_count(const cr_resolver *resolver) {
  int count = resolver->options.ndomains;
  if (count < 0) return 0;
  return count < CR_SEARCH_DOMAINS_MAX ? (size_t)count : CR_SEARCH_DOMAINS_MAX;
}

const char *cr_search_domain(const cr_resolver *resolver, size_t index) {
  return resolver->options.domains[index];
}
