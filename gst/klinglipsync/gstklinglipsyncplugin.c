/* klinglipsync: the plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklinglipsync.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  return GST_ELEMENT_REGISTER (klinglipsync, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, klinglipsync,
    "Makes a face speak through a Kling lip-sync service",
    plugin_init, VERSION, "LGPL", "klinglipsync", "Unknown package origin")
