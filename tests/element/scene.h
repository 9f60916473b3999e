/* klinglipsync tests: the secrets of the small application
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* None of these may be found in anything that it leaves behind. */
#define SCENE_KEY "sk-canary-of-the-key"
#define SCENE_HEADER "canary-of-a-header"
#define SCENE_QUERY "signature=canary-of-a-query"
#define SCENE_USER "canary-of-a-user"
#define SCENE_PROXY "canary-of-a-proxy"

/* What they have in common, and what scripted answers have, too */
#define SCENE_CANARY "canary"

#define SCENE_STATUS_CREATING 4
