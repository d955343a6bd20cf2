using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>Writes what somebody wants to do as the <c>spec</c> of a SubjectAccessReview.</summary>
internal static class AccessReviewWriter
{
    /// <summary>As it goes to a webhook: without what is empty.</summary>
    /// <param name="writer">Takes it.</param>
    /// <param name="attributes">What is wanted.</param>
    /// <param name="isBeta">v1beta1 calls the groups otherwise.</param>
    public static void Write(Utf8JsonWriter writer, AuthorizationAttributes attributes, bool isBeta)
    {
        writer.WriteStartObject();
        WriteAttributes(writer, attributes, WriteGiven, withSelectors: true);
        WriteGiven(writer, "user", attributes.User.Name);
        if (attributes.User.Groups.Count > 0)
        {
            WriteTexts(writer, isBeta ? "group" : "groups", attributes.User.Groups);
        }

        if (attributes.User.Extra.Count > 0)
        {
            WriteExtra(writer, attributes);
        }

        WriteGiven(writer, "uid", attributes.User.Uid);
        writer.WriteEndObject();
    }

    /// <summary>As expressions read it: with every text, be it empty.</summary>
    public static void WriteForExpressions(
        Utf8JsonWriter writer, AuthorizationAttributes attributes, bool withSelectors)
    {
        writer.WriteStartObject();
        WriteAttributes(writer, attributes, static (w, name, text) => w.WriteString(name, text), withSelectors);
        writer.WriteString("user"u8, attributes.User.Name);
        WriteTexts(writer, "groups", attributes.User.Groups);
        WriteExtra(writer, attributes);
        writer.WriteString("uid"u8, attributes.User.Uid);
        writer.WriteEndObject();
    }

    private static void WriteAttributes(
        Utf8JsonWriter writer, AuthorizationAttributes attributes, Action<Utf8JsonWriter, string, string> write,
        bool withSelectors)
    {
        if (!attributes.IsResourceRequest)
        {
            writer.WriteStartObject("nonResourceAttributes"u8);
            write(writer, "path", attributes.Path);
            write(writer, "verb", attributes.Verb);
            writer.WriteEndObject();
            return;
        }

        writer.WriteStartObject("resourceAttributes"u8);
        write(writer, "namespace", attributes.Namespace);
        write(writer, "verb", attributes.Verb);
        write(writer, "group", attributes.Group);
        write(writer, "version", attributes.Version);
        write(writer, "resource", attributes.Resource);
        write(writer, "subresource", attributes.Subresource);
        write(writer, "name", attributes.Name);
        if (withSelectors)
        {
            WriteSelector(writer, "fieldSelector", FieldRequirements(attributes.FieldSelector));
            WriteSelector(writer, "labelSelector", LabelRequirements(attributes.LabelSelector));
        }

        writer.WriteEndObject();
    }

    private static List<(string Key, string Operator, IReadOnlyList<string> Values)> FieldRequirements(string text) =>
        [.. FieldSelector.ReadTerms(text).Select(static t => (t.Label, t.Negated ? "NotIn" : "In", Single(t.Value)))];

    private static IReadOnlyList<string> Single(string value) => [value];

    /// <summary>A selector that cannot be read demands nothing; nor does a comparison, which reviews cannot say.
    /// </summary>
    private static List<(string Key, string Operator, IReadOnlyList<string> Values)> LabelRequirements(string text)
    {
        var read = LabelSelector.Parse(text);
        return !read.Succeeded
            ? []
            : [.. read.Value.Requirements.Where(static r => NameOf(r.Operator).Length > 0)
                .Select(static r => (r.Key, NameOf(r.Operator), (IReadOnlyList<string>)[.. r.Values]))];
    }

    private static string NameOf(LabelOperator comparison) => comparison switch
    {
        LabelOperator.In or LabelOperator.Equals or LabelOperator.DoubleEquals => "In",
        LabelOperator.NotIn or LabelOperator.NotEquals => "NotIn",
        LabelOperator.Exists => "Exists",
        LabelOperator.DoesNotExist => "DoesNotExist",
        _ => "",
    };

    private static void WriteSelector(
        Utf8JsonWriter writer, string name,
        List<(string Key, string Operator, IReadOnlyList<string> Values)> requirements)
    {
        if (requirements.Count == 0)
        {
            return;
        }

        writer.WriteStartObject(name);
        writer.WriteStartArray("requirements"u8);
        foreach (var (key, comparison, values) in requirements)
        {
            writer.WriteStartObject();
            writer.WriteString("key"u8, key);
            writer.WriteString("operator"u8, comparison);
            if (values.Count > 0)
            {
                WriteTexts(writer, "values", values);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteExtra(Utf8JsonWriter writer, AuthorizationAttributes attributes)
    {
        writer.WriteStartObject("extra"u8);
        foreach (var (key, values) in attributes.User.Extra.OrderBy(static e => e.Key, StringComparer.Ordinal))
        {
            WriteTexts(writer, key, values);
        }

        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static void WriteGiven(Utf8JsonWriter writer, string name, string text)
    {
        if (text.Length > 0)
        {
            writer.WriteString(name, text);
        }
    }
}
