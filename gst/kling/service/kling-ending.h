/* klinglipsync: what the codes of the services mean
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How much a code says; of several in one answer the highest counts. */
enum
{
  KLING_CODE_SUCCESS,
  KLING_CODE_STRANGE,
  KLING_CODE_GATEWAY,
  KLING_CODE_KLING,
};

gint kling_code_rank (const gchar * code);

G_END_DECLS
