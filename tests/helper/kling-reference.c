/* klinglipsync: prints what is in the pages and can be read off the built thing
 *
 * Writes, as Markdown, the tables of docs/reference.md that the element itself
 * can tell, or with the argument "voices" that of docs/voices.md.
 * tests/check-reference.sh compares them with the pages.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/gst.h>
#include <stdio.h>

#include "kling-voices.h"

static void
print_pads (GstElementFactory * factory)
{
  static const gchar *const presences[] = { "always", "sometimes",
    "on request"
  };

  g_print ("| Pad | Direction | Presence | Caps |\n|---|---|---|---|\n");
  for (const GList * l =
      gst_element_factory_get_static_pad_templates (factory); l; l = l->next) {
    GstStaticPadTemplate *template = l->data;
    g_autoptr (GstCaps) caps = gst_static_caps_get (&template->static_caps);
    g_autofree gchar *text = gst_caps_to_string (caps);

    g_print ("| `%s` | %s | %s | `%s` |\n", template->name_template,
        template->direction == GST_PAD_SRC ? "source" : "sink",
        presences[template->presence], text);
  }
}

static const gchar *
describe_access (const GParamSpec * pspec)
{
  if (!(pspec->flags & G_PARAM_READABLE))
    return "write-only";
  return pspec->flags & G_PARAM_WRITABLE ? "read, write" : "read";
}

/* Times are nanoseconds; people read seconds. What is no time says so. */
static gchar *
describe_time (const GParamSpec * pspec, guint64 value)
{
  if (g_str_has_suffix (pspec->name, "-limit"))
    return g_strdup_printf ("%" G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT
        " GiB)", value, value >> 30);
  if (!GST_CLOCK_TIME_IS_VALID (value))
    return g_strdup ("unset (GST_CLOCK_TIME_NONE)");
  return g_strdup_printf ("%" G_GUINT64_FORMAT " (%g s)", value,
      (gdouble) value / GST_SECOND);
}

/* Returns: (nullable): numbers with their range */
static gchar *
describe_number (GParamSpec * pspec)
{
  if (G_IS_PARAM_SPEC_UINT64 (pspec)) {
    GParamSpecUInt64 *u = G_PARAM_SPEC_UINT64 (pspec);

    if (!GST_CLOCK_TIME_IS_VALID (u->maximum))
      return g_strdup ("uint64");
    return g_strdup_printf ("uint64, %g s to %g s",
        (gdouble) u->minimum / GST_SECOND, (gdouble) u->maximum / GST_SECOND);
  }
  if (G_IS_PARAM_SPEC_UINT (pspec)) {
    GParamSpecUInt *u = G_PARAM_SPEC_UINT (pspec);

    return g_strdup_printf ("uint, %u to %u", u->minimum, u->maximum);
  }
  if (G_IS_PARAM_SPEC_DOUBLE (pspec)) {
    GParamSpecDouble *d = G_PARAM_SPEC_DOUBLE (pspec);

    return g_strdup_printf ("double, %g to %g", d->minimum, d->maximum);
  }
  return NULL;
}

static gchar *
describe_type (GParamSpec * pspec)
{
  gchar *number = describe_number (pspec);

  if (number)
    return number;
  if (G_IS_PARAM_SPEC_ENUM (pspec)) {
    GString *text = g_string_new ("enum:");
    GEnumClass *klass = G_PARAM_SPEC_ENUM (pspec)->enum_class;

    for (guint i = 0; i < klass->n_values; i++)
      g_string_append_printf (text, " %s", klass->values[i].value_nick);
    return g_string_free (text, FALSE);
  }
  if (G_IS_PARAM_SPEC_STRING (pspec))
    return g_strdup ("string");
  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    return g_strdup ("boolean");
  return g_strdup (g_type_name (pspec->value_type));
}

static gchar *
describe_default (GstElement * element, GParamSpec * pspec)
{
  g_auto (GValue) value = G_VALUE_INIT;

  if (!(pspec->flags & G_PARAM_READABLE))
    return g_strdup ("unset");
  g_object_get_property (G_OBJECT (element), pspec->name, &value);
  if (G_IS_PARAM_SPEC_UINT64 (pspec))
    return describe_time (pspec, g_value_get_uint64 (&value));
  if (G_IS_PARAM_SPEC_UINT (pspec))
    return g_strdup_printf ("%u", g_value_get_uint (&value));
  if (G_IS_PARAM_SPEC_DOUBLE (pspec))
    return g_strdup_printf ("%g", g_value_get_double (&value));
  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    return g_strdup (g_value_get_boolean (&value) ? "true" : "false");
  if (G_IS_PARAM_SPEC_ENUM (pspec)) {
    GEnumValue *v = g_enum_get_value (G_PARAM_SPEC_ENUM (pspec)->enum_class,
        g_value_get_enum (&value));

    return g_strdup (v->value_nick);
  }
  if (G_IS_PARAM_SPEC_STRING (pspec) && g_value_get_string (&value))
    return g_strdup_printf ("`%s`", g_value_get_string (&value));
  return g_strdup ("unset");
}

static void
print_properties (GstElement * element)
{
  guint n;
  g_autofree GParamSpec **pspecs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  g_print ("| Property | Access | Type | Default | What it is for |\n"
      "|---|---|---|---|---|\n");
  for (guint i = 0; i < n; i++) {
    if (pspecs[i]->owner_type != G_OBJECT_TYPE (element))
      continue;

    g_autofree gchar *type = describe_type (pspecs[i]);
    g_autofree gchar *value = describe_default (element, pspecs[i]);

    g_print ("| `%s` | %s | %s | %s | %s. |\n", pspecs[i]->name,
        describe_access (pspecs[i]), type, value,
        g_param_spec_get_blurb (pspecs[i]));
  }
}

static int
print_element (void)
{
  g_autoptr (GstElement) element =
      gst_element_factory_make ("klinglipsync", NULL);

  if (element == NULL) {
    g_printerr ("klinglipsync is not to be found: see GST_PLUGIN_PATH\n");
    return 1;
  }
  gst_object_ref_sink (element);
  g_print ("### Pads\n\n");
  print_pads (gst_element_get_factory (element));
  g_print ("\n### Properties\n\n");
  print_properties (element);
  return 0;
}

static const gchar *
describe_languages (const KlingVoice * voice)
{
  if (voice->name_en && voice->name_zh)
    return "`en`, `zh`";
  return voice->name_en ? "`en`" : "`zh`";
}

/* examples/voices.sh reads this table, too. */
static int
print_voices (void)
{
  guint n;
  const KlingVoice *voices = kling_voices_get (&n);

  /* g_print() would want a locale that has the Chinese names */
  puts ("| `voice-id` | `voice-language` | English name | Chinese name |\n"
      "|---|---|---|---|");
  for (guint i = 0; i < n; i++)
    printf ("| `%s` | %s | %s | %s |\n", voices[i].id,
        describe_languages (&voices[i]),
        voices[i].name_en ? voices[i].name_en : "-",
        voices[i].name_zh ? voices[i].name_zh : "-");
  return 0;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return g_strcmp0 (argv[1], "voices") == 0 ? print_voices ()
      : print_element ();
}
