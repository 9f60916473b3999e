/* The door: who may come in, and where each request goes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-exchange.h"

G_BEGIN_DECLS

SoupServer *sandbox_server_new (Sandbox *sandbox);
guint sandbox_server_listen (SoupServer *server, guint port, GError **error);

G_END_DECLS
