using System.Buffers;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Api.Subresources;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>
/// Answers everything about single objects over HTTP: get, create, update, patch, delete, deletecollection and
/// subresources.
/// </summary>
public sealed class ObjectHandler(
    IObjectResponder responder,
    ObjectReader reader,
    ObjectCreator creator,
    ObjectUpdater updater,
    ObjectDeleter deleter,
    CollectionDeleter collections,
    BindingHandler bindings,
    EvictionHandler evictions,
    ScaleHandler scales)
{
    private static readonly Status UnsupportedPatch = new()
    {
        Code = 415,
        Reason = StatusReasons.UnsupportedMediaType,
        Message = "415: Unsupported Media Type",
        Details = new StatusDetails(),
    };

    /// <summary>Answers an authorized request whose path and verb exist.</summary>
    public async Task HandleAsync(
        HttpContext context, RequestInfo request, ResourceDefinition definition, UserIdentity user)
    {
        if (responder.CheckAcceptable(context) is { } unacceptable)
        {
            await StatusJson.WriteAsync(context, unacceptable);
            return;
        }

        var exchange = new Exchange(context, request, definition, user);
        var refusal = request.Subresource switch
        {
            "" or "status" or "finalize" or "ephemeralcontainers" or "resize" => await HandleObjectAsync(exchange),
            "scale" => await HandleScaleAsync(exchange),
            "binding" => await BindAsync(exchange, request.Name),
            "eviction" => await EvictAsync(exchange),
            _ => await RefuseAsync(exchange),
        };
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

    /// <summary>Answers <c>POST …/bindings</c>, where the body alone names the pod.</summary>
    public async Task HandleBindingsAsync(
        HttpContext context, RequestInfo request, ResourceDefinition pods, UserIdentity user)
    {
        var exchange = new Exchange(context, request, pods, user);
        if (await BindAsync(exchange, "") is { } refusal)
        {
            WarningHeaders.Write(context.Response, exchange.Warnings);
            await StatusJson.WriteAsync(context, refusal);
        }
    }

    private async ValueTask<Status?> HandleObjectAsync(Exchange exchange) => exchange.Request.Verb switch
    {
        "get" => await GetAsync(exchange),
        "create" => await CreateAsync(exchange),
        "update" => await UpdateAsync(exchange),
        "patch" => await PatchAsync(exchange),
        "delete" => await DeleteAsync(exchange),
        "deletecollection" => await DeleteCollectionAsync(exchange),
        _ => Refusals.MethodNotAllowed,
    };

    private async ValueTask<Status?> GetAsync(Exchange exchange)
    {
        var found = await FindAsync(exchange);
        return found.Succeeded ? await SendAsync(exchange, StatusCodes.Status200OK, found.Value.Json) : found.Error;
    }

    private async ValueTask<Outcome<ResourceObject>> FindAsync(Exchange exchange)
    {
        var freshness = ReadFreshness.Linearizable;
        if (exchange.Context.Request.Query["resourceVersion"] is [{ Length: > 0 } text, ..])
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
            : exchange.Definition.Show(item);
    }

    private async ValueTask<Status?> CreateAsync(Exchange exchange)
    {
        var read = await exchange.ReadWriteAsync("CreateOptions");
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var write = read.Value.Context;
        var item = Decode(exchange, read.Value);
        if (!item.Succeeded)
        {
            return item.Error;
        }

        var outcome = await creator.CreateAsync(write, item.Value);
        return outcome.Succeeded
            ? await SendAsync(exchange, StatusCodes.Status201Created, outcome.Value.Object.Json)
            : outcome.Error;
    }

    private async ValueTask<Status?> UpdateAsync(Exchange exchange)
    {
        var read = await exchange.ReadWriteAsync("UpdateOptions");
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var first = Decode(exchange, read.Value);
        if (!first.Succeeded)
        {
            return first.Error;
        }

        if (NameRule.CheckReplacement(read.Value.Context, first.Value.Metadata) is { } mismatch)
        {
            return mismatch;
        }

        // A second attempt needs an untouched object, so it decodes again; the first one's findings have been noted.
        IKubernetesObject<V1ObjectMeta>? ready = first.Value;
        var uid = first.Value.Metadata.Uid ?? "";
        var outcome = await updater.UpdateAsync(
            read.Value.Context,
            _ =>
            {
                var item = Interlocked.Exchange(ref ready, null);
                return item is null ? DecodeAgain(exchange, read.Value) : Outcomes.Of(item);
            },
            uid);
        return await SendWrittenAsync(exchange, outcome);
    }

    private async ValueTask<Status?> PatchAsync(Exchange exchange)
    {
        if (PatchKindOf(exchange.Context.Request) is not { } kind)
        {
            return UnsupportedPatch;
        }

        var read = await exchange.ReadWriteAsync("PatchOptions", isPatch: true, isApply: kind == PatchKind.Apply);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var write = read.Value.Context;
        var patch = ObjectPatch.Parse(kind, read.Value.Body.Span, write.Options.FieldValidation);
        return patch.Succeeded
            ? await SendWrittenAsync(exchange, await updater.PatchAsync(write, patch.Value))
            : patch.Error;
    }

    private async ValueTask<Status?> DeleteAsync(Exchange exchange)
    {
        var options = await exchange.ReadDeletionAsync();
        if (!options.Succeeded)
        {
            return options.Error;
        }

        var outcome = await deleter.DeleteAsync(exchange.Writes(WriteOptions.Internal), options.Value);
        if (!outcome.Succeeded)
        {
            return outcome.Error;
        }

        var (item, _, isGone) = outcome.Value;
        var code = !isGone && options.Value.OrphanDependents == false
            ? StatusCodes.Status202Accepted
            : StatusCodes.Status200OK;
        return await SendAsync(
            exchange, code, isGone && !DeletionRules.ReturnsObject(exchange.Definition) ? Success(exchange.Definition, item) : item.Json);
    }

    private async ValueTask<Status?> DeleteCollectionAsync(Exchange exchange)
    {
        var options = await exchange.ReadDeletionAsync();
        if (!options.Succeeded)
        {
            return options.Error;
        }

        var list = await collections.DeleteAsync(
            exchange.Writes(WriteOptions.Internal), options.Value, exchange.Context.Request.Query);
        return list.Succeeded ? await SendAsync(exchange, StatusCodes.Status200OK, list.Value) : list.Error;
    }

    private async ValueTask<Status?> HandleScaleAsync(Exchange exchange)
    {
        if (exchange.Request.Verb == "get")
        {
            var found = await FindAsync(exchange);
            return found.Succeeded
                ? await SendAsync(
                    exchange, StatusCodes.Status200OK, ScaleHandler.Render(exchange.Definition, found.Value))
                : found.Error;
        }

        var isPatch = exchange.Request.Verb == "patch";
        var kind = isPatch ? PatchKindOf(exchange.Context.Request) : null;
        if (isPatch && kind is null)
        {
            return UnsupportedPatch;
        }

        var read = await exchange.ReadWriteAsync(isPatch ? "PatchOptions" : "UpdateOptions", isPatch);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var outcome = await scales.WriteAsync(read.Value.Context, read.Value.Body, read.Value.Format, kind);
        return outcome.Succeeded
            ? await SendAsync(
                exchange, StatusCodes.Status200OK, ScaleHandler.Render(exchange.Definition, outcome.Value.Object))
            : outcome.Error;
    }

    private async ValueTask<Status?> BindAsync(Exchange exchange, string name)
    {
        var read = await exchange.ReadWriteAsync("CreateOptions");
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var outcome = await bindings.BindAsync(read.Value.Context, name, read.Value.Body, read.Value.Format);
        return outcome.Succeeded
            ? await SendAsync(exchange, StatusCodes.Status201Created, BindingHandler.Success)
            : outcome.Error;
    }

    private async ValueTask<Status?> EvictAsync(Exchange exchange)
    {
        var read = await exchange.ReadWriteAsync("CreateOptions");
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var outcome = await evictions.EvictAsync(read.Value.Context, read.Value.Body, read.Value.Format);
        return outcome.Succeeded
            ? await SendAsync(exchange, StatusCodes.Status201Created, BindingHandler.Success)
            : outcome.Error;
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Decode(Exchange exchange, IncomingWrite write)
    {
        var item = BodyDecoder.Decode(
            ExpectedBody.Of(exchange.Definition), write.Body, write.Format, write.Context.Options.FieldValidation,
            write.Context.Warnings);
        if (item.Succeeded)
        {
            exchange.Definition.Strategy.SetDefaults(item.Value);
        }

        return item;
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> DecodeAgain(Exchange exchange, IncomingWrite write)
    {
        var item = BodyDecoder.Decode(
            ExpectedBody.Of(exchange.Definition), write.Body, write.Format, FieldValidation.Ignore, write.Context.Warnings);
        exchange.Definition.Strategy.SetDefaults(item.Required);
        return item;
    }

    private async ValueTask<Status?> SendWrittenAsync(Exchange exchange, Outcome<WriteResult> outcome)
    {
        if (!outcome.Succeeded)
        {
            return outcome.Error;
        }

        var code = outcome.Value.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        return await SendAsync(exchange, code, outcome.Value.Object.Json);
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
