/* klinglipsync tests: real places to upload to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What nginx wants as Authorization for /files/: user "kling", password
 * "upload" */
#define KLING_TEST_PLACE_AUTHORIZATION "Basic a2xpbmc6dXBsb2Fk"

/* What the S3 server wants to be signed with */
#define KLING_TEST_PLACE_ACCESS_KEY "AKIDKLINGLIPSYNCTEST"
#define KLING_TEST_PLACE_SECRET_KEY "a+secret/key=of+the/tests"
#define KLING_TEST_PLACE_REGION "eu-test-1"
#define KLING_TEST_PLACE_BUCKET "klinglipsync"

typedef struct _KlingTestPlace KlingTestPlace;

KlingTestPlace *kling_test_place_start_nginx (void);
KlingTestPlace *kling_test_place_start_s3 (const gchar * token);
void kling_test_place_stop (KlingTestPlace * place);

const gchar *kling_test_place_get_url (KlingTestPlace * place);
gchar **kling_test_place_list_files (KlingTestPlace * place);
GBytes *kling_test_place_get_file (KlingTestPlace * place,
    const gchar * name);
JsonArray *kling_test_place_get_log (KlingTestPlace * place);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingTestPlace, kling_test_place_stop)

G_END_DECLS
