/* klinglipsync: errors of the service half
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-error.h"

GQuark
kling_error_quark (void)
{
  return g_quark_from_static_string ("kling-error-quark");
}

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

/**
 * kling_details_copy:
 * @to: (out caller-allocates): details, empty or cleared
 * @from: details
 */
void
kling_details_copy (KlingDetails * to, const KlingDetails * from)
{
  to->http_status = from->http_status;
  to->service_code = g_strdup (from->service_code);
  to->request_id = g_strdup (from->request_id);
  to->task_id = g_strdup (from->task_id);
}
