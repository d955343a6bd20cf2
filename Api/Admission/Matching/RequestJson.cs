using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>A write as reviews and expressions see it, but for its objects: fields of an AdmissionRequest.</summary>
/// <param name="attributes">The write.</param>
/// <param name="version">The version in which it is looked at.</param>
internal readonly struct RequestJson(AdmissionAttributes attributes, ResourceDefinition version)
{
    /// <summary>What is asked for, and who asks.</summary>
    public void WriteSubject(Utf8JsonWriter writer)
    {
        var (asked, requested) = (version, attributes.Definition);
        WriteKind(writer, "kind"u8, asked);
        WriteResource(writer, "resource"u8, asked);
        WriteSome(writer, "subResource"u8, attributes.Subresource);
        WriteKind(writer, "requestKind"u8, requested);
        WriteResource(writer, "requestResource"u8, requested);
        WriteSome(writer, "requestSubResource"u8, attributes.Subresource);
        WriteSome(writer, "name"u8, attributes.Key.Name);
        WriteSome(writer, "namespace"u8, RequestWords.NamespaceOf(attributes));
        writer.WriteString("operation"u8, attributes.Operation.Word());
        WriteUser(writer, attributes.User);
    }

    /// <summary>How it is asked for.</summary>
    public void WriteManner(Utf8JsonWriter writer)
    {
        writer.WriteBoolean("dryRun"u8, attributes.DryRun);
        WriteOptionsOf(writer);
    }

    private void WriteKind(Utf8JsonWriter writer, ReadOnlySpan<byte> field, ResourceDefinition definition)
    {
        var own = ObjectVersions.OwnKind(definition, attributes.Subresource);
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
        if (attributes.Options is { } deletion)
        {
            deletion.Kind = V1DeleteOptions.KubeKind;
            deletion.ApiVersion = "meta.k8s.io/v1";
            writer.WritePropertyName("options"u8);
            writer.WriteRawValue(ResourceCodec.Encode(deletion), skipInputValidation: true);
            return;
        }

        if (attributes.Writing is not { } options)
        {
            writer.WriteNull("options"u8);
            return;
        }

        writer.WriteStartObject("options"u8);
        writer.WriteString(
            "kind"u8, attributes.Operation == AdmissionOperation.Create ? "CreateOptions"u8 : "UpdateOptions"u8);
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
}
