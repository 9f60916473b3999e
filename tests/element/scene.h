/* klinglipsync tests: the secrets of the small application
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* None of these may be found in anything that it leaves behind. */
#define SCENE_KEY "sk-canary-of-the-key"
#define SCENE_ACCESS "AK-canary-of-an-account"
#define SCENE_SECRET "SK-canary-of-a-signature"
#define SCENE_HEADER "canary-of-a-header"
#define SCENE_QUERY "signature=canary-of-a-query"
#define SCENE_USER "canary-of-a-user"
#define SCENE_PROXY "canary-of-a-proxy"
#define SCENE_UPLOAD "sig=canary-of-an-upload"
#define SCENE_PUBLIC "token=canary-of-a-public-url"
#define SCENE_PLACE_HEADER "canary-of-a-place"
#define SCENE_AWS_KEY "canary-of-an-access-key"
#define SCENE_AWS_SECRET "canary/of+a-secret-key"
#define SCENE_AWS_TOKEN "canary/of+a-session-token"

/* What they have in common, and what scripted answers have, too */
#define SCENE_CANARY "canary"

/* A service that only a proxy could reach */
#define SCENE_ELSEWHERE "https://service.invalid"

/* What is uploaded, as a WAV, below the service's URL */
#define SCENE_SPEECH "audiotestsrc num-buffers=25 samplesperbuffer=1600 !" \
  " audio/x-raw,format=S16LE,rate=16000,channels=1 ! identity"
#define SCENE_SPEECH_SIZE (44 + 25 * 1600 * 2)
#define SCENE_PLACE "/place/"

#define SCENE_STATUS_CREATING 4
