using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>
/// What the audit log learns of webhooks, under upstream's keys: which of them changed the object, with which patch,
/// and which could not be asked and were passed over. A key names the round and the webhook's place in it.
/// </summary>
internal static class HookAnnotations
{
    private const string Mutation = "mutation.webhook.admission.k8s.io/";
    private const string Patch = "patch.webhook.admission.k8s.io/";
    private const string FailedOpen = "failed-open.";
    private const string Validating = "validating.webhook.admission.k8s.io/";

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true,
    };

    /// <summary>A mutating webhook was asked.</summary>
    public static void Mutated(AdmissionAttributes attributes, in HookInvocation invocation, bool hasChanged)
    {
        if (attributes.Audit is { } audit)
        {
            var hook = invocation.Hook;
            audit.Annotate(Key(Mutation, Round(attributes), invocation), Render(writer =>
            {
                WriteHead(writer, hook);
                writer.WriteBoolean("mutated"u8, hasChanged);
            }));
        }
    }

    /// <summary>Its patch was applied. Patches have what bodies have, and are logged where bodies are.</summary>
    public static void Patched(AdmissionAttributes attributes, in HookInvocation invocation, ReadOnlyMemory<byte> patch)
    {
        if (attributes.Audit is { WantsRequest: true } audit)
        {
            var hook = invocation.Hook;
            audit.Annotate(Key(Patch, Round(attributes), invocation), Render(writer =>
            {
                WriteHead(writer, hook);
                writer.WritePropertyName("patch"u8);
                WriteSorted(writer, patch);
                writer.WriteString("patchType"u8, "JSONPatch"u8);
            }));
        }
    }

    /// <summary>A mutating webhook could not be asked, which its policy ignores.</summary>
    public static void MutatingFailedOpen(AdmissionAttributes attributes, in HookInvocation invocation) =>
        attributes.Audit?.Annotate(
            Key(FailedOpen + Mutation, Round(attributes), invocation), invocation.Hook.Name);

    /// <summary>The same of a validating one; these have one round only.</summary>
    public static void ValidatingFailedOpen(AdmissionAttributes attributes, in HookInvocation invocation) =>
        attributes.Audit?.Annotate(Key(FailedOpen + Validating, 0, invocation), invocation.Hook.Name);

    private static int Round(AdmissionAttributes attributes) => attributes.Reinvocation.IsReinvoke ? 1 : 0;

    private static string Key(string prefix, int round, in HookInvocation invocation) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}round_{round}_index_{invocation.Index}");

    private static void WriteHead(Utf8JsonWriter writer, AdmissionHook hook)
    {
        writer.WriteString("configuration"u8, hook.Configuration);
        writer.WriteString("webhook"u8, hook.Name);
    }

    /// <summary>
    /// Operations with their fields by name, as Go writes its maps; of two of one name the last counts.
    /// </summary>
    private static void WriteSorted(Utf8JsonWriter writer, ReadOnlyMemory<byte> patch)
    {
        using var document = JsonTree.ParseCommitted(patch);
        writer.WriteStartArray();
        foreach (var operation in document.RootElement.EnumerateArray())
        {
            var fields = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (var field in operation.EnumerateObject())
            {
                fields[field.Name] = field.Value;
            }

            writer.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>JSON in a text, as Go writes it.</summary>
    private static string Render(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(output, Options))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return GoText.EscapeMarkup(Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
