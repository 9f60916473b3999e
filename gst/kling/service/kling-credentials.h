/* klinglipsync: who pays, and where that is written
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-dialect.h"
#include "kling-secret.h"

G_BEGIN_DECLS

/**
 * KlingCredentials:
 * @api_key: (nullable): a key that is sent as it is
 * @access_key: (nullable): the name of an account, to go with @secret_key
 * @secret_key: (nullable): what a token is signed with; never sent
 *
 * Who pays. Immutable and refcounted. What kling_credentials_find() returns is
 * either an API key or a pair.
 */
struct _KlingCredentials
{
  /*< private > */
  gatomicrefcount refs;

  /*< public > */
  KlingSecret *api_key;
  KlingSecret *access_key;
  KlingSecret *secret_key;
};

KlingCredentials *kling_credentials_new (KlingSecret * api_key,
    KlingSecret * access_key, KlingSecret * secret_key);
KlingCredentials *kling_credentials_ref (KlingCredentials * credentials);
void kling_credentials_unref (KlingCredentials * credentials);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingCredentials, kling_credentials_unref)

gchar *kling_credentials_default_file (void);

KlingCredentials *kling_credentials_find (const KlingCredentials * properties,
    const KlingDialect * dialect, const gchar * file, const gchar * base_url,
    gchar ** source, GError ** error);

G_END_DECLS
