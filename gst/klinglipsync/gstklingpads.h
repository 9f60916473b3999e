/* klinglipsync: the element's pads
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "gstklingcollect.h"

G_BEGIN_DECLS

/**
 * GstKlingInputPad:
 * @input: what it is for
 * @collect: what has come
 * @ended: whether all has come; guarded by the element's lock
 *
 * What belongs to a sink pad and goes with it.
 */
typedef struct
{
  GstKlingInput input;
  GstKlingCollect *collect;
  gboolean ended;
} GstKlingInputPad;

GstPad *gst_kling_pads_new_sink (GstPadTemplate * template,
    GstKlingInput input, const KlingLimits * limits);
GstKlingInputPad *gst_kling_pads_get_input (GstPad * pad);
gboolean gst_kling_pads_is_linked (GstPad * pad);

G_END_DECLS
