/* Connections that are kept between two requests.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

void sandbox_idle_watch (SoupServer *server);
