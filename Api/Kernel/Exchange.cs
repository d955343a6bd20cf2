using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Kernel;

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
    /// <param name="options">What the query says.</param>
    /// <param name="isApply">By server-side apply, which says itself who owns what.</param>
    public WriteContext Writes(WriteOptions options, bool isApply = false) => _write = new WriteContext
    {
        Definition = definition,
        Key = request.Key(definition),
        Subresource = request.Subresource,
        User = user,
        FieldManager = isApply ? null : FieldManagerNames.Of(options.FieldManager, context.Request.Headers.UserAgent),
        Options = options,
        Audit = AuditRecord.Of(context),
        Waits = RequestWaits.Of(context),
        Deadline = context.Features.Get<RequestDeadline>(),
        CancellationToken = context.RequestAborted,
    };

    /// <summary>Reads body and options of a create, update or patch.</summary>
    /// <param name="verb">Which of them.</param>
    /// <param name="patch">The language of a patch.</param>
    public async ValueTask<Outcome<WriteRequest>> ReadWriteAsync(WriteVerb verb, PatchKind patch = default)
    {
        var isPatch = verb == WriteVerb.Patch;
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

        var isApply = isPatch && patch == PatchKind.Apply;
        var options = WriteOptions.Read(context.Request.Query, $"{verb}Options", isApply);
        return options.Succeeded
            ? new WriteRequest(Writes(options.Value, isApply), verb, body.Value, format, patch)
            : options.Error;
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

        AuditRecord.Of(context)?.Sent(json);
        return DeletionOptions.Read(context.Request.Query, json);
    }
}

/// <summary>The object a path names.</summary>
internal static class RequestKeys
{
    /// <summary>A namespace's own path has it as namespace too; its key has not.</summary>
    public static ObjectKey Key(this RequestInfo request, ResourceDefinition definition) =>
        new(definition.Namespaced ? request.Namespace : "", request.Name);
}
