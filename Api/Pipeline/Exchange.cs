using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>One HTTP request about an object, and what has been read of it.</summary>
internal sealed class Exchange(
    HttpContext context, RequestInfo request, ResourceDefinition definition, UserIdentity user)
{
    private WriteContext? _write;

    public HttpContext Context => context;

    public RequestInfo Request => request;

    public ResourceDefinition Definition => definition;

    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>Warnings of the write, if there is one.</summary>
    public IReadOnlyCollection<string> Warnings => _write?.Warnings ?? (IReadOnlyCollection<string>)[];

    /// <summary>The write context of this request.</summary>
    public WriteContext Writes(WriteOptions options) => _write = new WriteContext
    {
        Definition = definition,
        Key = request.Key(definition),
        Subresource = request.Subresource,
        User = user,
        Options = options,
        CancellationToken = context.RequestAborted,
    };

    /// <summary>Reads body and options of a create, update or patch.</summary>
    public async ValueTask<Outcome<IncomingWrite>> ReadWriteAsync(
        string optionsKind, bool isPatch = false, bool isApply = false)
    {
        var format = isPatch ? BodyFormat.Json : RequestBody.FormatOf(context.Request);
        if (format == BodyFormat.Unsupported)
        {
            return BodyDecoder.UnsupportedFormat;
        }

        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        var options = WriteOptions.Read(context.Request.Query, optionsKind, isApply);
        return options.Succeeded ? new IncomingWrite(Writes(options.Value), body.Value, format) : options.Error;
    }

    /// <summary>Reads the options of a deletion.</summary>
    public async ValueTask<Outcome<DeletionOptions>> ReadDeletionAsync()
    {
        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        var json = body.Value;
        if (json.Length > 0)
        {
            switch (RequestBody.FormatOf(context.Request))
            {
                case BodyFormat.Unsupported:
                    return BodyDecoder.UnsupportedFormat;
                case BodyFormat.Yaml:
                    var converted = YamlConverter.ToJson(json.Span);
                    if (converted.Error is not null)
                    {
                        return StatusErrors.BadRequest(converted.Error);
                    }

                    json = converted.Json;
                    break;
                case BodyFormat.Protobuf:
                    var transcoded = ProtobufBody.DeleteOptionsToJson(json.Span);
                    if (!transcoded.Succeeded)
                    {
                        return transcoded.Error;
                    }

                    json = transcoded.Value;
                    break;
            }
        }

        return DeletionOptions.Read(context.Request.Query, json);
    }
}

/// <summary>A create, update or patch as it came in.</summary>
internal readonly record struct IncomingWrite(WriteContext Context, ReadOnlyMemory<byte> Body, BodyFormat Format);

/// <summary>The object a path names.</summary>
internal static class RequestKeys
{
    /// <summary>A namespace's own path has it as namespace too; its key has not.</summary>
    public static ObjectKey Key(this RequestInfo request, ResourceDefinition definition) =>
        new(definition.Namespaced ? request.Namespace : "", request.Name);
}

/// <summary>The object in a body must be the one that the URL names.</summary>
internal static class NameRule
{
    /// <summary>
    /// The text for a namespace that does not match is the one of creates, which upstream uses for PUT too.
    /// </summary>
    public static Status? CheckReplacement(WriteContext context, k8s.Models.V1ObjectMeta metadata)
    {
        var space = context.Key.Namespace;
        return space.Length > 0
            && !string.IsNullOrEmpty(metadata.NamespaceProperty)
            && metadata.NamespaceProperty != space
            ? StatusErrors.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
            : Check(context, metadata);
    }

    public static Status? Check(WriteContext context, k8s.Models.V1ObjectMeta metadata)
    {
        var wanted = context.Key.Name;
        if (string.IsNullOrEmpty(metadata.Name))
        {
            return StatusErrors.BadRequest(
                $"the name of the object ({wanted} based on URL) was undeterminable: name must be provided");
        }

        if (metadata.Name != wanted)
        {
            return StatusErrors.BadRequest(
                $"the name of the object ({metadata.Name}) does not match the name on the URL ({wanted})");
        }

        var space = context.Key.Namespace;
        return space.Length > 0
            && !string.IsNullOrEmpty(metadata.NamespaceProperty)
            && metadata.NamespaceProperty != space
            ? StatusErrors.BadRequest(
                $"the namespace of the object ({metadata.NamespaceProperty}) does not match the namespace on the request ({space})")
            : null;
    }
}
