/* klinglipsync: the thread that talks to services
 *
 * All API calls of a process go through one thread, "kling-http", with one main
 * context: 200 pollers over TLS took 27 MB and 5 threads that way, 805 MB and
 * 204 threads with a session for each. It starts with the first KlingHttp and
 * ends with the last. It is never joined: the last reference may be dropped by
 * the thread itself, when it completes a call that everybody else has left.
 *
 * A KlingHttp has its libsoup sessions, which are made, used and dropped on
 * that thread only: libsoup 3.2 dispatches on the context that was the default
 * when the session was made.
 *
 * worker_lock guards worker, https, n_workers, every refs and every users. It
 * is never held while calling out.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-http-private.h"

#include <string.h>
#include "kling-clock.h"
#include "kling-error.h"
#include "kling-secret.h"
#include "kling-url.h"

/* Calls that may be under way to one host at the same time, by lane: what
 * libsoup does of itself, and so many paid ones. A connection over TLS costs
 * about 4 MB; more of them wait. */
static const guint lane_connections[] = {
  [KLING_HTTP_LANE_FREE] = 2,
  [KLING_HTTP_LANE_PAID] = 16,
};

/* What no proxy gets: it could not reach it, and it goes in the clear */
static const gchar *const this_machine[] = { "localhost", "127.0.0.0/8", "::1",
  NULL
};

#define N_LANES G_N_ELEMENTS (lane_connections)

typedef struct
{
  GMainContext *context;
  GMainLoop *loop;
  guint users;
} Worker;

struct _KlingHttp
{
  guint refs;
  Worker *worker;
  gchar *proxy;
  gchar *proxy_authorization;
  GTlsDatabase *tls_database;
  gchar *user_agent;

  SoupSession *sessions[N_LANES];       /* only touched by the worker */
};

static GMutex worker_lock;
static GCond worker_cond;
static Worker *worker;
static guint n_workers;
static GSList *https;

/* Closing a TLS connection takes a few turns of the loop. */
static void
worker_drain (Worker * self)
{
  while (g_main_context_iteration (self->context, FALSE));
}

static gpointer
worker_run (gpointer user_data)
{
  Worker *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  worker_drain (self);
  g_main_context_pop_thread_default (self->context);

  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self);

  g_mutex_lock (&worker_lock);
  n_workers--;
  g_cond_broadcast (&worker_cond);
  g_mutex_unlock (&worker_lock);
  return NULL;
}

/* Called with worker_lock held. Returns: whether there is a worker */
static gboolean
worker_ensure_locked (GError ** error)
{
  Worker *self;
  GThread *thread;

  if (worker != NULL)
    return TRUE;

  /* GLib 2.74 deadlocks when one thread is the first to use GTask while another
   * is inside the class_init of a type of libsoup, which wants GTask, too. So
   * the type is there before there is a second thread that does network. */
  g_type_ensure (G_TYPE_TASK);
  self = g_new0 (Worker, 1);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  thread = g_thread_try_new ("kling-http", worker_run, self, NULL);
  if (thread == NULL) {
    g_main_loop_unref (self->loop);
    g_main_context_unref (self->context);
    g_free (self);
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "No thread could be started for the network; the machine is out of"
        " threads or memory.");
    return FALSE;
  }
  g_thread_unref (thread);
  worker = self;
  n_workers++;
  return TRUE;
}

/* Runs on the worker. The last KlingHttp ends its loop. */
static gboolean
http_dispose (gpointer user_data)
{
  KlingHttp *http = user_data;

  for (guint i = 0; i < N_LANES; i++) {
    if (http->sessions[i] != NULL)
      soup_session_abort (http->sessions[i]);
    g_clear_object (&http->sessions[i]);
  }

  g_mutex_lock (&worker_lock);
  if (--http->worker->users == 0) {
    worker = NULL;
    g_main_loop_quit (http->worker->loop);
  }
  g_mutex_unlock (&worker_lock);

  kling_secret_wipe_string (http->proxy);
  kling_secret_wipe_string (http->proxy_authorization);
  g_clear_object (&http->tls_database);
  g_free (http->user_agent);
  g_free (http);
  return G_SOURCE_REMOVE;
}

/* Called with worker_lock held. */
static KlingHttp *
http_find_locked (const gchar * proxy, GTlsDatabase * tls_database,
    const gchar * user_agent)
{
  for (GSList * item = https; item != NULL; item = item->next) {
    KlingHttp *http = item->data;

    if (http->tls_database == tls_database
        && g_strcmp0 (http->proxy, proxy) == 0
        && g_strcmp0 (http->user_agent, user_agent) == 0)
      return http;
  }
  return NULL;
}

/* Returns: (transfer full) (nullable): the header for a proxy with a password
 * in its URL; libsoup would take it from there with its manager of passwords,
 * which we do not want to answer for anything else */
static gchar *
make_proxy_authorization (GUri * proxy)
{
  const gchar *user = g_uri_get_user (proxy);
  const gchar *password = g_uri_get_password (proxy);
  gchar *plain, *encoded, *header;

  if (user == NULL)
    return NULL;
  plain = g_strdup_printf ("%s:%s", user, password ? password : "");
  encoded = g_base64_encode ((const guchar *) plain, strlen (plain));
  header = g_strconcat ("Basic ", encoded, NULL);
  kling_secret_wipe_string (encoded);
  kling_secret_wipe_string (plain);
  return header;
}

static GUri *
parse_proxy (const gchar * proxy, GError ** error)
{
  static const gchar *const schemes[] =
      { "http", "https", "socks", "socks4", "socks4a", "socks5", NULL };
  g_autoptr (GUri) uri = g_uri_parse (proxy, G_URI_FLAGS_HAS_PASSWORD
      | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);

  if (uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri)
      && g_strv_contains (schemes, g_uri_get_scheme (uri)))
    return g_steal_pointer (&uri);
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The property proxy is not the URL of one; it looks like"
      " http://host:port or socks5://host:port.");
  return NULL;
}

/* Called with worker_lock held. */
static KlingHttp *
http_create_locked (const gchar * proxy, GUri * proxy_uri,
    GTlsDatabase * tls_database, const gchar * user_agent)
{
  KlingHttp *http = g_new0 (KlingHttp, 1);

  http->proxy = g_strdup (proxy);
  if (proxy_uri != NULL)
    http->proxy_authorization = make_proxy_authorization (proxy_uri);
  if (tls_database != NULL)
    http->tls_database = g_object_ref (tls_database);
  http->user_agent = g_strdup (user_agent);
  http->worker = worker;
  worker->users++;
  https = g_slist_prepend (https, http);
  return http;
}

/**
 * kling_http_new:
 * @proxy: (nullable): URL of a proxy for everything that leaves this machine,
 *   or %NULL for what the system says
 * @tls_database: (nullable): whom to trust, or %NULL for what the system trusts
 * @user_agent: (nullable): what to call ourselves
 * @error: set to %KLING_ERROR_SETTINGS or %KLING_ERROR_LOCAL
 *
 * Sends nothing. Equal ways are the same object.
 *
 * Returns: (transfer full) (nullable): a way to reach the network
 */
KlingHttp *
kling_http_new (const gchar * proxy, GTlsDatabase * tls_database,
    const gchar * user_agent, GError ** error)
{
  g_autoptr (GUri) proxy_uri = NULL;
  KlingHttp *http = NULL;

  if (proxy != NULL && *proxy == '\0')
    proxy = NULL;
  if (proxy != NULL && (proxy_uri = parse_proxy (proxy, error)) == NULL)
    return NULL;

  g_mutex_lock (&worker_lock);
  http = http_find_locked (proxy, tls_database, user_agent);
  if (http == NULL && worker_ensure_locked (error))
    http = http_create_locked (proxy, proxy_uri, tls_database, user_agent);
  if (http != NULL)
    http->refs++;
  g_mutex_unlock (&worker_lock);
  return http;
}

/**
 * kling_http_ref:
 * @http: a way
 *
 * Returns: (transfer full): @http
 */
KlingHttp *
kling_http_ref (KlingHttp * http)
{
  g_mutex_lock (&worker_lock);
  http->refs++;
  g_mutex_unlock (&worker_lock);
  return http;
}

/**
 * kling_http_unref:
 * @http: (transfer full): a way
 *
 * Never waits, not even for the worker to end: see kling_http_wait_for_end().
 */
void
kling_http_unref (KlingHttp * http)
{
  g_mutex_lock (&worker_lock);
  if (--http->refs == 0) {
    https = g_slist_remove (https, http);
    kling_http_run (http, http_dispose, http, NULL);
  }
  g_mutex_unlock (&worker_lock);
}

/**
 * kling_http_wait_for_end:
 * @deadline: on our clock
 *
 * For the end of a process: a thread that still closes TLS connections while
 * the libraries below it shut down may crash there.
 *
 * Returns: whether the last KlingHttp is gone and its thread has ended
 */
gboolean
kling_http_wait_for_end (gint64 deadline)
{
  gboolean ended;

  g_mutex_lock (&worker_lock);
  while (n_workers > 0
      && kling_clock_wait (&worker_cond, &worker_lock, deadline));
  ended = n_workers == 0;
  g_mutex_unlock (&worker_lock);
  return ended;
}

/* Runs @func on the worker, soon and never on the calling thread, which
 * g_main_context_invoke() would do before the loop has started. */
void
kling_http_run (KlingHttp * http, GSourceFunc func, gpointer user_data,
    GDestroyNotify notify)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, user_data, notify);
  g_source_attach (source, http->worker->context);
}

/* Of what leaves this machine, everything in the clear and the opening of
 * tunnels goes to the proxy; what goes through a tunnel is none of its
 * business. */
static void
session_on_queued (SoupSession * session, SoupMessage * message,
    gpointer user_data)
{
  KlingHttp *http = user_data;
  GUri *uri = soup_message_get_uri (message);
  g_autofree gchar *url = g_uri_to_string_partial (uri, G_URI_HIDE_QUERY);
  gboolean to_proxy = soup_message_get_method (message) == SOUP_METHOD_CONNECT
      || (g_strcmp0 (g_uri_get_scheme (uri), "http") == 0
      && !kling_url_is_loopback (url));

  if (to_proxy)
    soup_message_headers_replace (soup_message_get_request_headers (message),
        "Proxy-Authorization", http->proxy_authorization);
}

/* Returns: (transfer full): a session on the calling thread's default context.
 * It follows nothing, keeps no cookies, answers no challenges and does not
 * unpack: lengths are those of the bytes sent. */
SoupSession *
kling_http_create_session (KlingHttp * http, KlingHttpLane lane)
{
  guint connections = lane_connections[lane];
  SoupSession *session = soup_session_new_with_options ("max-conns",
      5 * connections, "max-conns-per-host", connections, NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  soup_session_set_user_agent (session, http->user_agent);
  if (http->tls_database != NULL)
    soup_session_set_tls_database (session, http->tls_database);
  if (http->proxy != NULL) {
    g_autoptr (GProxyResolver) resolver =
        g_simple_proxy_resolver_new (http->proxy, (gchar **) this_machine);

    soup_session_set_proxy_resolver (session, resolver);
  }
  if (http->proxy_authorization != NULL)
    g_signal_connect (session, "request-queued",
        G_CALLBACK (session_on_queued), http);
  return session;
}

/* Runs on the worker. Returns: (transfer none): the session of @lane */
SoupSession *
kling_http_get_session (KlingHttp * http, KlingHttpLane lane)
{
  if (http->sessions[lane] != NULL)
    return http->sessions[lane];

  http->sessions[lane] = kling_http_create_session (http, lane);
  /* waiting is on our clock: see kling_http_call() */
  soup_session_set_timeout (http->sessions[lane], 0);
  if (lane == KLING_HTTP_LANE_PAID)
    soup_session_set_idle_timeout (http->sessions[lane], 1);
  return http->sessions[lane];
}
