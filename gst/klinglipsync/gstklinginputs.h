/* klinglipsync: the sink pads, all of them together
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "gstklinglipsync.h"
#include "kling-request.h"

G_BEGIN_DECLS

void gst_kling_inputs_install (GstElementClass * klass);

GstPad *gst_kling_inputs_request_pad (GstKlingLipsync * self,
    GstPadTemplate * template);
void gst_kling_inputs_release_pad (GstKlingLipsync * self, GstPad * pad);

void gst_kling_inputs_reset_locked (GstKlingLipsync * self);
void gst_kling_inputs_end_locked (GstKlingLipsync * self);
gchar *gst_kling_inputs_describe_open_locked (GstKlingLipsync * self);
gboolean gst_kling_inputs_are_there (GstKlingLipsync * self);
gboolean gst_kling_inputs_have_failed_locked (GstKlingLipsync * self);

void gst_kling_inputs_announce (GstKlingLipsync * self, KlingRequest * request);
GPtrArray *gst_kling_inputs_take_locked (GstKlingLipsync * self);
gboolean gst_kling_inputs_fill (GPtrArray * taken, KlingRequest * request,
    GPtrArray * warnings, GError ** error);

G_END_DECLS
