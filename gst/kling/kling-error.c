/* klinglipsync: errors of the service half
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-error.h"

G_DEFINE_QUARK (kling-error-quark, kling_error)
/**
 * kling_details_clear:
 * @details: details
 *
 * Frees what @details holds and makes it empty again.
 */
void
kling_details_clear (KlingDetails * details)
{
  details->http_status = 0;
  g_clear_pointer (&details->service_code, g_free);
  g_clear_pointer (&details->request_id, g_free);
  g_clear_pointer (&details->task_id, g_free);
}
