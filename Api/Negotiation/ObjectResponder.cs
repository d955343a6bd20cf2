using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Autoscaling.Scales;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>Answers with one object in the form the client accepts.</summary>
public sealed class ObjectResponder(ProtobufShelf shelf, TimeProvider clock) : IObjectResponder
{
    /// <inheritdoc/>
    public Status? CheckAcceptable(HttpContext context, ResourceDefinition definition)
    {
        var outcome = Negotiate(context, definition);
        if (!outcome.Succeeded)
        {
            return outcome.Error;
        }

        context.Features.Set(outcome.Value);
        return null;
    }

    /// <inheritdoc/>
    public Task RespondAsync(
        HttpContext context, ResourceDefinition definition, int statusCode, ReadOnlyMemory<byte> json)
    {
        if (AuditRecord.Of(context) is { } audit)
        {
            audit.Answered(json);
            audit.Status = IsStatus(json.Span) ? StatusJson.ReadSuccess(statusCode, json) : new AuditStatus(statusCode);
        }

        var format = context.Features.Get<ResponseFormat>() ?? Fallback(context, definition);
        if (format.Form == ObjectForm.Full || IsStatus(json.Span))
        {
            return format.Wire == Wire.Protobuf && IsStored(context, definition)
                ? SendMessageAsync(context, definition, json)
                : ResponseBody.SendAsync(context, format, statusCode, json);
        }

        if (format.Form == ObjectForm.PartialObjectMetadataList)
        {
            var refusal = Negotiator.WrongForm("PartialObjectMetadataList", isList: false, GoType.Of(definition));
            return StatusJson.WriteAsync(context, refusal);
        }

        var body = new ArrayBufferWriter<byte>(1024);
        if (format is { Form: ObjectForm.PartialObjectMetadata, Wire: Wire.Protobuf })
        {
            ProtobufForm.PartialEnvelope(format.MetaVersion).Write(
                body, ProtobufForm.EncodePartial(definition, json.Span));
            return ResponseBody.SendAsync(context, format.ContentType, statusCode, body.WrittenMemory);
        }

        if (format.Form == ObjectForm.PartialObjectMetadata)
        {
            WritePartial(body, definition, format.MetaVersion, json.Span);
            return ResponseBody.SendAsync(context, format, statusCode, body.WrittenMemory);
        }

        var rowObject = TableRenderer.ReadRowObject(context.Request.Query);
        if (!rowObject.Succeeded)
        {
            return StatusJson.WriteAsync(context, rowObject.Error);
        }

        var shown = IsScale(context, definition) ? ScaleStrategy.Definition : definition;
        WriteTable(body, new TableRenderer(shown, rowObject.Value, format.MetaVersion, clock), json);
        return ResponseBody.SendAsync(context, format, statusCode, body.WrittenMemory);
    }

    /// <summary>The metadata form of one object.</summary>
    internal static void WritePartial(
        IBufferWriter<byte> output, ResourceDefinition definition, string metaVersion, ReadOnlySpan<byte> json)
    {
        output.Write(PartialHead(metaVersion));
        output.Write(ObjectSlices.MetadataForm(definition, json));
        output.Write("}"u8);
    }

    /// <summary>What precedes the metadata in a metadata form.</summary>
    internal static ReadOnlySpan<byte> PartialHead(string metaVersion) => metaVersion == "v1"
        ? "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":"u8
        : "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1beta1\",\"metadata\":"u8;

    private static void WriteTable(ArrayBufferWriter<byte> body, TableRenderer table, ReadOnlyMemory<byte> json)
    {
        using var writer = new Utf8JsonWriter(body, TableRenderer.WriterOptions);
        table.WriteStart(
            writer, ObjectSlices.ResourceVersion(json.Span), continueToken: "", remaining: null, columns: true);
        table.WriteRow(writer, json);
        TableRenderer.WriteEnd(writer);
    }

    /// <summary>A scale has columns of its own, but where upstream shows it in those of a custom object.</summary>
    private static bool IsScale(HttpContext context, ResourceDefinition definition) =>
        !definition.Of.IsCustom && context.Features.Get<RequestInfo>()?.Subresource == "scale";

    /// <summary>What is read is there to stay: its message is worth keeping.</summary>
    private static bool IsStored(HttpContext context, ResourceDefinition definition) =>
        definition.Conversion is null
        && context.Features.Get<RequestInfo>() is { Verb: "get", Subresource: "" };

    private Task SendMessageAsync(HttpContext context, ResourceDefinition definition, ReadOnlyMemory<byte> json)
    {
        var message = shelf.MessageOf(definition, json);
        var body = new ArrayBufferWriter<byte>(message.Length + 128);
        ProtobufForm.Of(definition)!.Envelope.Write(body, message.Span);
        return ResponseBody.SendAsync(
            context, ResponseFormat.Protobuf.ContentType, StatusCodes.Status200OK, body.WrittenMemory);
    }

    private static Outcome<ResponseFormat> Negotiate(HttpContext context, ResourceDefinition definition)
    {
        var isAnswer = definition.Of.IsVirtual && !definition.Verbs.Contains("get");
        return Negotiator.Negotiate(
            context.Request, isAnswer ? EndpointKind.Answer : EndpointKind.Object, ProtobufForm.Of(definition) is not null);
    }

    private static ResponseFormat Fallback(HttpContext context, ResourceDefinition definition)
    {
        var outcome = Negotiate(context, definition);
        return outcome.Succeeded ? outcome.Value : ResponseFormat.PlainJson;
    }

    private static bool IsStatus(ReadOnlySpan<byte> json) =>
        json.StartsWith("{\"kind\":\"Status\","u8) || json.StartsWith("{\"apiVersion\":\"v1\",\"kind\":\"Status\""u8);
}
