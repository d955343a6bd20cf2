using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Internal forms that are not field by field what the model has.</summary>
internal static class SpecialForms
{
    /// <summary>
    /// The host's namespaces are fields of the pod's spec, but internally of its security context; a template's
    /// metadata are internally among the fields of its spec.
    /// </summary>
    public static bool TryWrite(object? item, string field, GoJsonWriter writer)
    {
        if (item is V1ResourceClaimTemplateSpec template)
        {
            WriteMap("labels", template.Metadata?.Labels, writer);
            WriteMap("annotations", template.Metadata?.Annotations, writer);
            return false;
        }

        if (item is not V1PodSpec spec || !string.Equals(field, "SecurityContext", StringComparison.Ordinal))
        {
            return false;
        }

        writer.Name(field);
        writer.BeginObject();
        Write(writer, "HostNetwork", spec.HostNetwork ?? false);
        Write(writer, "HostPID", spec.HostPID ?? false);
        Write(writer, "HostIPC", spec.HostIPC ?? false);
        Write(writer, "ShareProcessNamespace", spec.ShareProcessNamespace);
        Write(writer, "HostUsers", spec.HostUsers);
        ModelShape<V1PodSecurityContext>.Instance.WriteFields(spec.SecurityContext, writer);
        writer.EndObject();
        return true;
    }

    /// <summary>
    /// Types of apimachinery have no internal form: they are written as in the API, zero values omitted.
    /// </summary>
    public static void WriteRest(object? item, GoJsonWriter writer)
    {
        if (item is V1LabelSelector selector)
        {
            WriteSelector(selector, writer);
        }
    }

    private static void WriteSelector(V1LabelSelector selector, GoJsonWriter writer)
    {
        WriteMap("matchLabels", selector.MatchLabels, writer);
        if (selector.MatchExpressions is not { Count: > 0 } expressions)
        {
            return;
        }

        writer.Name("matchExpressions");
        writer.BeginArray();
        foreach (var expression in expressions)
        {
            writer.Element();
            writer.BeginObject();
            Write(writer, "key", expression.Key ?? "");
            Write(writer, "operator", expression.OperatorProperty ?? "");
            if (expression.Values is { Count: > 0 } values)
            {
                writer.Name("values");
                WriteTexts(values, writer);
            }

            writer.EndObject();
        }

        writer.EndArray();
    }

    private static void WriteMap(string name, IDictionary<string, string>? map, GoJsonWriter writer)
    {
        if (map is { Count: > 0 })
        {
            writer.Name(name);
            writer.Map(map, static (value, w) => w.Text(value));
        }
    }

    private static void WriteTexts(IList<string> values, GoJsonWriter writer)
    {
        writer.BeginArray();
        foreach (var value in values)
        {
            writer.Element();
            writer.Text(value);
        }

        writer.EndArray();
    }

    private static void Write(GoJsonWriter writer, string name, object? value)
    {
        writer.Name(name);
        writer.Scalar(value);
    }
}

/// <summary>Texts of models in their internal form.</summary>
internal static class InternalForm
{
    /// <summary>On one line, as an invalid value in a message.</summary>
    public static string Compact<T>(T item)
        where T : class => Write(item, indented: false);

    /// <summary>Indented by one space a level, for diffs.</summary>
    public static string Indented<T>(T item)
        where T : class => Write(item, indented: true);

    /// <summary>Some of its fields, indented: a struct of upstream's that the model has inlined.</summary>
    public static string Indented<T>(T item, IReadOnlySet<string> fields)
        where T : class
    {
        var writer = new GoJsonWriter(indented: true);
        writer.BeginObject();
        ModelShape<T>.Instance.WriteFields(item, writer, fields.Contains);
        writer.EndObject();
        return writer.ToString();
    }

    /// <summary>A list, indented like one.</summary>
    public static string IndentedList<T>(IEnumerable<T> items)
        where T : class
    {
        var writer = new GoJsonWriter(indented: true);
        writer.BeginArray();
        foreach (var item in items)
        {
            writer.Element();
            ModelShape<T>.Instance.WriteInternal(item, writer);
        }

        writer.EndArray();
        return writer.ToString();
    }

    /// <summary>An invalid value in a message, of a type that messages show in this form.</summary>
    public static RawJson? Shown<T>(T? item)
        where T : class => item is null ? null : new RawJson(Compact(item));

    /// <summary>A map in the order of its keys, as an invalid value in a message.</summary>
    public static RawJson? Shown(IDictionary<string, string>? map)
    {
        if (map is null)
        {
            return null;
        }

        var writer = new GoJsonWriter(indented: false);
        writer.Map(map, static (value, w) => w.Text(value));
        return new RawJson(writer.ToString());
    }

    private static string Write<T>(T item, bool indented)
        where T : class
    {
        var writer = new GoJsonWriter(indented);
        ModelShape<T>.Instance.WriteInternal(item, writer);
        return writer.ToString();
    }
}
