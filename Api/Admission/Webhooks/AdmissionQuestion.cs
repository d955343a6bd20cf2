using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>What a webhook is asked: an AdmissionReview with a request.</summary>
internal sealed record AdmissionQuestion
{
    private static readonly JsonWriterOptions Relaxed =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Ties the answer to the question.</summary>
    public required string Uid { get; init; }

    public required AdmissionAttributes Attributes { get; init; }

    public required HookInvocation Invocation { get; init; }

    /// <summary>The object as the webhook is to see it; null for a deletion.</summary>
    public required byte[]? Object { get; init; }

    /// <summary>The object before the write; null when there is none.</summary>
    public required byte[]? OldObject { get; init; }

    public ReadOnlyMemory<byte> Encode()
    {
        var output = new ArrayBufferWriter<byte>(1024 + (Object?.Length ?? 0) + (OldObject?.Length ?? 0));
        using var writer = new Utf8JsonWriter(output, Relaxed);
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "AdmissionReview"u8);
        writer.WriteString("apiVersion"u8, $"admission.k8s.io/{Invocation.Hook.ReviewVersion}");
        writer.WriteStartObject("request"u8);
        writer.WriteString("uid"u8, Uid);
        WriteSubject(writer);
        WriteUser(writer, Attributes.User);
        WriteRaw(writer, "object"u8, Object);
        WriteRaw(writer, "oldObject"u8, OldObject);
        writer.WriteBoolean("dryRun"u8, Attributes.DryRun);
        WriteOptionsOf(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenMemory;
    }

    private void WriteSubject(Utf8JsonWriter writer)
    {
        var (asked, requested) = (Invocation.Version, Attributes.Definition);
        WriteKind(writer, "kind"u8, asked);
        WriteResource(writer, "resource"u8, asked);
        WriteSome(writer, "subResource"u8, Attributes.Subresource);
        WriteKind(writer, "requestKind"u8, requested);
        WriteResource(writer, "requestResource"u8, requested);
        WriteSome(writer, "requestSubResource"u8, Attributes.Subresource);
        WriteSome(writer, "name"u8, Attributes.Key.Name);
        WriteSome(writer, "namespace"u8, HookInvocation.NamespaceOf(Attributes));
        writer.WriteString("operation"u8, HookInvocation.Word(Attributes.Operation));
    }

    private void WriteKind(Utf8JsonWriter writer, ReadOnlySpan<byte> field, ResourceDefinition definition)
    {
        var own = HookVersions.OwnKind(definition, Attributes.Subresource);
        writer.WriteStartObject(field);
        writer.WriteString("group"u8, own?.Group ?? definition.Name.Group);
        writer.WriteString("version"u8, own?.Version ?? definition.Version);
        writer.WriteString("kind"u8, own?.Kind ?? definition.Kind);
        writer.WriteEndObject();
    }

    private static void WriteResource(Utf8JsonWriter writer, ReadOnlySpan<byte> field, ResourceDefinition definition)
    {
        writer.WriteStartObject(field);
        writer.WriteString("group"u8, definition.Name.Group);
        writer.WriteString("version"u8, definition.Version);
        writer.WriteString("resource"u8, definition.Name.Plural);
        writer.WriteEndObject();
    }

    private static void WriteUser(Utf8JsonWriter writer, UserIdentity user)
    {
        writer.WriteStartObject("userInfo"u8);
        WriteSome(writer, "username"u8, user.Name);
        WriteSome(writer, "uid"u8, user.Uid);
        if (user.Groups.Count > 0)
        {
            WriteTexts(writer, "groups", user.Groups);
        }

        if (user.Extra.Count > 0)
        {
            writer.WriteStartObject("extra"u8);
            foreach (var (key, values) in user.Extra)
            {
                WriteTexts(writer, key, values);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void WriteOptionsOf(Utf8JsonWriter writer)
    {
        if (Attributes.Options is { } deletion)
        {
            deletion.Kind = V1DeleteOptions.KubeKind;
            deletion.ApiVersion = "meta.k8s.io/v1";
            WriteRaw(writer, "options"u8, ResourceCodec.Encode(deletion));
            return;
        }

        if (Attributes.Writing is not { } options)
        {
            writer.WriteNull("options"u8);
            return;
        }

        writer.WriteStartObject("options"u8);
        writer.WriteString(
            "kind"u8, Attributes.Operation == AdmissionOperation.Create ? "CreateOptions"u8 : "UpdateOptions"u8);
        writer.WriteString("apiVersion"u8, "meta.k8s.io/v1"u8);
        if (options.DryRun)
        {
            WriteTexts(writer, "dryRun", ["All"]);
        }

        WriteSome(writer, "fieldManager"u8, options.FieldManager);
        if (options != WriteOptions.Internal && options.FieldValidation != FieldValidation.Warn)
        {
            writer.WriteString("fieldValidation"u8, options.FieldValidation.ToString());
        }

        writer.WriteEndObject();
    }

    private static void WriteSome(Utf8JsonWriter writer, ReadOnlySpan<byte> field, string text)
    {
        if (text.Length > 0)
        {
            writer.WriteString(field, text);
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, string field, IEnumerable<string> texts)
    {
        writer.WriteStartArray(field);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static void WriteRaw(Utf8JsonWriter writer, ReadOnlySpan<byte> field, byte[]? json)
    {
        writer.WritePropertyName(field);
        if (json is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteRawValue(json, skipInputValidation: true);
        }
    }
}
