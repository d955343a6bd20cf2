using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Answers <c>serviceaccounts/NAME/token</c>: issues a token for a service account, bound to a pod or secret when asked
/// (upstream's
/// <c>registry/core/serviceaccount/storage/token.go</c>).
/// </summary>
public sealed class TokenRequestHandler(
    ServiceAccountTokens tokens, IResourceClient client, AuthOptions options, TimeProvider time)
    : IConnectHandler
{
    private const long DefaultSeconds = 3600;
    private const long MinSeconds = 600;
    private const long MaxSeconds = 1L << 32;
    private const int MaxBodyBytes = 64 * 1024;

    private static readonly ExpectedBody Expected =
        new(typeof(Authenticationv1TokenRequest), "authentication.k8s.io/v1", "TokenRequest");

    private static readonly ResourceName TokenRequests = new("authentication.k8s.io", "TokenRequest");

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (definition.Name != WellKnown.ServiceAccounts || request.Subresource != "token" || request.Verb != "create")
        {
            return false;
        }

        var outcome = await IssueAsync(context, request);
        if (outcome.Succeeded)
        {
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(
                JsonSerializer.SerializeToUtf8Bytes(outcome.Value), context.RequestAborted);
        }
        else
        {
            await StatusJson.WriteAsync(context, outcome.Error);
        }

        return true;
    }

    private async Task<Outcome<JsonObject>> IssueAsync(HttpContext context, RequestInfo request)
    {
        var body = await ReadBodyAsync(context);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        var account = await client.GetAsync(
            WellKnown.ServiceAccounts, request.Key, ReadFreshness.Linearizable, context.RequestAborted);
        if (!account.Succeeded)
        {
            return account.Error;
        }

        if (Check(body.Value, request, account.Value) is { } refusal)
        {
            return refusal;
        }

        var spec = body.Value["spec"] as JsonObject ?? [];
        var bound = await BindAsync(spec, request, context.RequestAborted);
        return bound.Succeeded
            ? await AnswerAsync(request, account.Value, spec, bound.Value, context.RequestAborted)
            : bound.Error;
    }

    private static async Task<Outcome<JsonObject>> ReadBodyAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxBodyBytes)
        {
            return StatusErrors.RequestEntityTooLarge($"limit is {MaxBodyBytes}");
        }

        try
        {
            var json = await ReadJsonAsync(context);
            if (!json.Succeeded)
            {
                return json.Error;
            }

            if (JsonNode.Parse(json.Value.Span) is not JsonObject body)
            {
                return StatusErrors.BadRequest("the body of the request must be a TokenRequest");
            }

            var kind = Text(body, "kind");
            var version = Text(body, "apiVersion");
            return kind is "" or "TokenRequest"
                ? body
                : StatusErrors.BadRequest(
                    $"{kind} in version \"{version}\" cannot be handled as a TokenRequest: converting ({version}.{kind}) to " +
                    "(authentication.TokenRequest): unknown conversion");
        }
        catch (JsonException malformed)
        {
            return StatusErrors.BadRequest($"the object provided is unrecognized: {malformed.Message}");
        }
    }

    private static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadJsonAsync(HttpContext context)
    {
        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        return body.Succeeded && RequestBody.FormatOf(context.Request) == BodyFormat.Protobuf
            ? ProtobufBody.ToJson(Expected, body.Value.Span)
            : body;
    }

    private static Status? Check(JsonObject body, RequestInfo request, ResourceObject account)
    {
        var errors = new FieldErrors();
        var metadata = body["metadata"] as JsonObject ?? [];
        if (Text(metadata, "name") is { Length: > 0 } name && name != request.Name)
        {
            errors.Invalid(FieldPath.Of("metadata", "name"), name, "must match the service account name if specified");
        }

        if (Text(metadata, "namespace") is { Length: > 0 } space && space != request.Namespace)
        {
            return StatusErrors.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request");
        }

        var uid = Text(metadata, "uid");
        if (uid.Length > 0 && uid != account.Uid)
        {
            return StatusErrors.Conflict(
                TokenRequests with { Plural = "TokenRequest" },
                request.Name,
                $"the UID in the token request ({uid}) does not match the UID of the service account ({account.Uid})");
        }

        var seconds = Seconds(body["spec"] as JsonObject ?? []);
        var path = FieldPath.Of("spec", "expirationSeconds");
        if (seconds < MinSeconds)
        {
            errors.Invalid(path, seconds, "may not specify a duration less than 10 minutes");
        }

        if (seconds > MaxSeconds)
        {
            errors.Invalid(path, seconds, "may not specify a duration larger than 2^32 seconds");
        }

        return errors.Count > 0
            ? errors.ToStatus("authentication.k8s.io", "TokenRequest", Text(metadata, "name"))
            : null;
    }

    private async ValueTask<Outcome<BoundPair>> BindAsync(
        JsonObject spec, RequestInfo request, CancellationToken cancellationToken)
    {
        if (spec["boundObjectRef"] is not JsonObject reference)
        {
            return new BoundPair(null, null);
        }

        var kind = Text(reference, "kind");
        var resource = kind switch
        {
            "Pod" => WellKnown.Pods,
            "Secret" => WellKnown.Secrets,
            "Node" => WellKnown.Nodes,
            _ => default(ResourceName?),
        };
        if (resource is not { } found)
        {
            return StatusErrors.BadRequest(
                $"cannot bind token for serviceaccount \"{request.Name}\" to object of type {Text(reference, "apiVersion")}, Kind={kind}");
        }

        var key = new ObjectKey(kind == "Node" ? "" : request.Namespace, Text(reference, "name"));
        var item = await client.GetAsync(found, key, ReadFreshness.Linearizable, cancellationToken);
        if (!item.Succeeded)
        {
            return item.Error;
        }

        var uid = Text(reference, "uid");
        if (uid.Length > 0 && uid != item.Value.Uid)
        {
            return StatusErrors.Conflict(
                found,
                key.Name,
                $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted " +
                "and then recreated");
        }

        return await WithNodeAsync(
            new BoundObject(kind, key.Name, item.Value.Uid), item.Value, request, cancellationToken);
    }

    private async ValueTask<Outcome<BoundPair>> WithNodeAsync(
        BoundObject bound, ResourceObject item, RequestInfo request, CancellationToken cancellationToken)
    {
        if (bound.Kind != "Pod")
        {
            return new BoundPair(bound, null);
        }

        var pod = item.As<V1Pod>();
        if ((pod.Spec.ServiceAccountName ?? "default") != request.Name)
        {
            return StatusErrors.BadRequest(
                $"cannot bind token for serviceaccount \"{request.Name}\" to pod running with different serviceaccount name.");
        }

        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return new BoundPair(bound, null);
        }

        var node = await client.GetAsync(
            WellKnown.Nodes, new ObjectKey("", pod.Spec.NodeName), ReadFreshness.Cached, cancellationToken);
        return new BoundPair(bound, new BoundObject("Node", pod.Spec.NodeName, node.Succeeded ? node.Value.Uid : ""));
    }

    private async Task<JsonObject> AnswerAsync(
        RequestInfo request, ResourceObject account, JsonObject spec, BoundPair bound, CancellationToken cancellationToken)
    {
        var audiences = (spec["audiences"] as JsonArray)?.Select(a => a!.GetValue<string>()).ToList() ?? [];
        audiences = audiences.Count > 0 ? audiences : [options.Audiences[0]];
        var seconds = Seconds(spec);
        var (token, expires) = await tokens.IssueAsync(
            new TokenOrder
            {
                Namespace = request.Namespace,
                ServiceAccount = request.Name,
                ServiceAccountUid = account.Uid,
                Audiences = audiences,
                Lifetime = TimeSpan.FromSeconds(seconds),
                BoundTo = bound.Object,
                Node = bound.Node,
            },
            cancellationToken);
        return new JsonObject
        {
            ["kind"] = "TokenRequest",
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = request.Name,
                ["namespace"] = request.Namespace,
                ["uid"] = account.Uid,
                ["creationTimestamp"] = Rfc3339(time.GetUtcNow()),
            },
            ["spec"] = new JsonObject
            {
                ["audiences"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]),
                ["expirationSeconds"] = seconds,
                ["boundObjectRef"] = spec["boundObjectRef"]?.DeepClone(),
            },
            ["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = Rfc3339(expires) },
        };
    }

    private static long Seconds(JsonObject spec) =>
        spec["expirationSeconds"] is JsonValue value && value.TryGetValue<long>(out var seconds)
            ? seconds
            : DefaultSeconds;

    private static string Text(JsonObject item, string property) =>
        item[property] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static string Rfc3339(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private sealed record BoundPair(BoundObject? Object, BoundObject? Node);
}
