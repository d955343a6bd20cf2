using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>What expressions of mutations give, as JSON.</summary>
internal static class MutationJson
{
    private static readonly JsonWriterOptions Relaxed =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>
    /// Objects that are named otherwise than the path of fields to them: <c>Object.spec{selector: Object.spec.x{}}</c>;
    /// null when there are none.
    /// </summary>
    public static string? FindMisnamed(in CelValue value)
    {
        if (value.Kind != CelKind.Map || value.AsMap is not CelObject item)
        {
            return null;
        }

        var errors = new List<string>();
        Check(value, item.Type.Name, errors);
        return errors.Count == 0 ? null : string.Join('\n', errors);
    }

    /// <summary>A value as JSON; null when it has no such form.</summary>
    public static ReadOnlyMemory<byte>? Write(in CelValue value)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output, Relaxed);
        if (!CelJson.TryWrite(writer, value))
        {
            return null;
        }

        writer.Flush();
        return output.WrittenMemory;
    }

    private static void Check(in CelValue value, string path, List<string> errors)
    {
        switch (value.Kind)
        {
            case CelKind.List:
                foreach (var element in value.AsList)
                {
                    Check(element, path, errors);
                }

                break;
            case CelKind.Map when value.AsMap is CelObject item:
                if (item.Type.Name != path)
                {
                    errors.Add(
                        $"unexpected type name {GoText.Quote(item.Type.Name)}, expected {GoText.Quote(path)}, which "
                        + "matches field name path from root Object type");
                }

                foreach (var (field, part) in item)
                {
                    Check(part, $"{path}.{field.AsString}", errors);
                }

                break;
            case CelKind.Map:
                foreach (var (_, part) in value.AsMap)
                {
                    Check(part, path, errors);
                }

                break;
        }
    }
}
