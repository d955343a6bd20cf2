using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>
/// Answers everything about single objects over HTTP: get, create, update, patch, delete, deletecollection and
/// subresources.
/// </summary>
public sealed class ObjectHandler(
    IObjectResponder responder,
    ObjectReader reader,
    WriteEngine engine,
    ObjectDeleter deleter,
    CollectionDeleter collections,
    ListResponder listResponder)
{
    private static readonly Status UnsupportedPatch = new()
    {
        Code = 415,
        Reason = StatusReasons.UnsupportedMediaType,
        Message = "415: Unsupported Media Type",
        Details = new StatusDetails(),
    };

    private static readonly Status UnsupportedCustomPatch = UnsupportedPatch with
    {
        Message = "the body of the request was in an unknown format - accepted media types include: " +
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        Details = null,
    };

    private static readonly Status NoExport =
        StatusErrors.BadRequest("the export parameter, deprecated since v1.14, is no longer supported");

    /// <summary>Answers an authorized request whose path and verb exist.</summary>
    public async Task HandleAsync(
        HttpContext context, RequestInfo request, ResourceDefinition definition, UserIdentity user)
    {
        if (responder.CheckAcceptable(context, definition) is { } unacceptable)
        {
            await StatusJson.WriteAsync(context, unacceptable);
            return;
        }

        var exchange = new Exchange(context, request, definition, user);
        var refusal = IsServed(exchange) ? await HandleObjectAsync(exchange) : await RefuseAsync(exchange);
        if (refusal is not null)
        {
            WarningHeaders.Write(context.Response, exchange.Warnings);
            await StatusJson.WriteAsync(context, refusal);
        }
    }

    /// <summary>A subresource that nobody answers: what is missing is still said first.</summary>
    private async ValueTask<Status> RefuseAsync(Exchange exchange)
    {
        var found = await FindAsync(exchange);
        return found.Succeeded
            ? StatusErrors.NotImplemented(
                $"subresource {exchange.Request.Subresource} of {exchange.Definition.Name.Qualified}")
            : found.Error;
    }

    /// <summary>
    /// The object itself and what is a part of it need no handler, a subresource with a kind of its own has one.
    /// </summary>
    private bool IsServed(Exchange exchange)
    {
        var name = exchange.Request.Subresource;
        return name.Length == 0 || engine.Find(name) is not null
            || exchange.Definition.Subresources.Any(s => s.Name == name && s.IsPartOfObject);
    }

    private async ValueTask<Status?> HandleObjectAsync(Exchange exchange) => exchange.Request.Verb switch
    {
        "get" => await GetAsync(exchange),
        "create" => await WriteAsync(exchange, WriteVerb.Create),
        "update" => await WriteAsync(exchange, WriteVerb.Update),
        "patch" => await WriteAsync(exchange, WriteVerb.Patch),
        "delete" => await DeleteAsync(exchange),
        "deletecollection" => await DeleteCollectionAsync(exchange),
        _ => Refusals.MethodNotAllowed,
    };

    private async ValueTask<Status?> GetAsync(Exchange exchange)
    {
        if (new QueryReader(exchange.Context.Request.Query).Flag("export"))
        {
            return NoExport;
        }

        var found = await FindAsync(exchange);
        return found.Succeeded
            ? await SendAsync(exchange, StatusCodes.Status200OK, Render(exchange, found.Value))
            : found.Error;
    }

    private async ValueTask<Outcome<ResourceObject>> FindAsync(Exchange exchange)
    {
        var freshness = ReadFreshness.Linearizable;
        if (new QueryReader(exchange.Context.Request.Query).Text("resourceVersion") is { Length: > 0 } text)
        {
            if (!ResourceVersions.TryParse(text, out var revision))
            {
                return ResourceVersions.Malformed(text);
            }

            freshness = revision == 0 ? ReadFreshness.Cached : ReadFreshness.Linearizable;
            var snapshot = await reader.SnapshotAsync(exchange.Definition.Storage, freshness, exchange.Aborted);
            if (revision > snapshot.Revision)
            {
                return ResourceVersions.TooLarge(revision, snapshot.Revision);
            }
        }

        var item = await reader.GetAsync(
            exchange.Definition.Storage, exchange.Request.Key(exchange.Definition), freshness, exchange.Aborted);
        return item is null
            ? StatusErrors.NotFound(exchange.Definition.Name, exchange.Request.Name)
            : item.Refusal ?? (Outcome<ResourceObject>)await exchange.Definition.ShowAsync(item, exchange.Aborted);
    }

    private async ValueTask<Status?> WriteAsync(Exchange exchange, WriteVerb verb)
    {
        var patch = default(PatchKind);
        if (verb == WriteVerb.Patch)
        {
            var isCustom = exchange.Definition.Of.IsCustom;
            if (PatchKindOf(exchange.Context.Request) is not { } kind || (isCustom && kind == PatchKind.Strategic))
            {
                return isCustom ? UnsupportedCustomPatch : UnsupportedPatch;
            }

            patch = kind;
        }

        var request = await exchange.ReadWriteAsync(verb, patch);
        if (!request.Succeeded)
        {
            return request.Error;
        }

        var outcome = await engine.WriteAsync(request.Value);
        if (!outcome.Succeeded)
        {
            return outcome.Error;
        }

        var isNew = outcome.Value.Created || verb == WriteVerb.Create;
        return await SendAsync(
            exchange, isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK,
            Render(exchange, outcome.Value.Object));
    }

    private ReadOnlyMemory<byte> Render(Exchange exchange, ResourceObject item) =>
        engine.Find(exchange.Request.Subresource)?.Render(exchange.Definition, item) ?? item.Json;

    private async ValueTask<Status?> DeleteAsync(Exchange exchange)
    {
        var options = await exchange.ReadDeletionAsync();
        if (!options.Succeeded)
        {
            return options.Error;
        }

        var write = exchange.Writes(WriteOptions.Internal);
        WarnOfOrphans(write, options.Value);
        var outcome = await deleter.DeleteAsync(write, options.Value);
        if (!outcome.Succeeded)
        {
            return outcome.Error;
        }

        var (item, _, isGone) = outcome.Value;
        var code = !isGone && options.Value.OrphanDependents == false
            ? StatusCodes.Status202Accepted
            : StatusCodes.Status200OK;
        return await SendAsync(
            exchange, code, isGone && !exchange.Definition.Of.Deletion.HasFlag(DeletionTraits.AnswersWithObject)
                ? Success(exchange.Definition, item)
                : item.Json);
    }

    private async ValueTask<Status?> DeleteCollectionAsync(Exchange exchange)
    {
        var definition = exchange.Definition;
        var list = ListOptions.Read(exchange.Context.Request.Query);
        if (!list.Succeeded)
        {
            return list.Error;
        }

        if (list.Value.Validate() is { } invalid)
        {
            return invalid;
        }

        var selection = ObjectSelection.Parse(
            definition, exchange.Request.Namespace, "", list.Value.LabelSelector, list.Value.FieldSelector);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        var options = await exchange.ReadDeletionAsync();
        if (!options.Succeeded)
        {
            return options.Error;
        }

        var write = exchange.Writes(WriteOptions.Internal);
        WarnOfOrphans(write, options.Value);
        var page = await collections.DeleteAsync(write, options.Value, list.Value, selection.Value);
        if (!page.Succeeded)
        {
            return page.Error;
        }

        WarningHeaders.Write(exchange.Context.Response, exchange.Warnings);
        var format = exchange.Context.Features.GetRequiredFeature<ResponseFormat>();
        if (await listResponder.SendAsync(exchange.Context, format, definition, page.Value) is { } refusal)
        {
            await StatusJson.WriteAsync(exchange.Context, refusal);
        }

        return null;
    }

    private static void WarnOfOrphans(WriteContext write, DeletionOptions options)
    {
        if (options is { PropagationPolicy: null, OrphanDependents: null }
            && write.Definition.Of.Deletion.HasFlag(DeletionTraits.WarnsOfOrphans))
        {
            write.Warnings.Add(
                $"child pods are preserved by default when {write.Definition.Name.Plural} are deleted; set " +
                "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning");
        }
    }

    private async ValueTask<Status?> SendAsync(Exchange exchange, int code, ReadOnlyMemory<byte> json)
    {
        WarningHeaders.Write(exchange.Context.Response, exchange.Warnings);
        await responder.RespondAsync(exchange.Context, exchange.Definition, code, json);
        return null;
    }

    private static ReadOnlyMemory<byte> Success(ResourceDefinition definition, ResourceObject item)
    {
        var output = new ArrayBufferWriter<byte>(256);
        StatusJson.WriteSuccess(output, new StatusDetails
        {
            Name = item.Key.Name, Group = definition.Name.Group, Kind = definition.Name.Plural, Uid = item.Uid,
        });
        return output.WrittenMemory;
    }

    private static PatchKind? PatchKindOf(HttpRequest request)
    {
        var type = request.ContentType ?? "";
        var end = type.IndexOf(';', StringComparison.Ordinal);
        return (end > 0 ? type[..end] : type) switch
        {
            "application/json-patch+json" => PatchKind.Json,
            "application/merge-patch+json" => PatchKind.Merge,
            "application/strategic-merge-patch+json" => PatchKind.Strategic,
            "application/apply-patch+yaml" => PatchKind.Apply,
            _ => null,
        };
    }
}
