/* klinglipsync: the dialects there are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-dialect.h"

/* Indexed by KlingDialectId */
static const KlingDialect *const dialects[] = {
  [KLING_DIALECT_GATEWAY] = &kling_dialect_gateway,
};

/**
 * kling_dialect_get:
 * @id: which one
 *
 * Returns: (transfer none): how it spells the API
 */
const KlingDialect *
kling_dialect_get (KlingDialectId id)
{
  g_return_val_if_fail ((guint) id < G_N_ELEMENTS (dialects), NULL);
  return dialects[id];
}
