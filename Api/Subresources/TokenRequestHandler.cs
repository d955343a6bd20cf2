using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>
/// Answers <c>serviceaccounts/NAME/token</c>: issues a token for a service account, bound to a pod, secret or node when
/// asked (upstream's <c>registry/core/serviceaccount/storage/token.go</c>).
/// </summary>
public sealed class TokenRequestHandler(
    ServiceAccountTokens tokens,
    TokenBindings bindings,
    IResourceClient client,
    AdmissionChain admission,
    IObjectResponder responder,
    AuthOptions options,
    TimeProvider time) : IConnectHandler
{
    private const string ApiGroup = "authentication.k8s.io";
    private const string Kind = "TokenRequest";
    private const long DefaultSeconds = 3600;
    private const long MinSeconds = 600;
    private const long MaxSeconds = 1L << 32;

    /// <summary>
    /// What admission asks for in the tokens of pods. Programs that read theirs once would fail after it, so tokens of
    /// exactly this life, for this API, are good for a year (as long as their pod lives), and say since when they are
    /// stale.
    /// </summary>
    private const long ExtendedSeconds = 3607;

    private static readonly TimeSpan Extended = TimeSpan.FromDays(365);

    private static readonly ExpectedBody Expected = new(
        TypedCodec<Authenticationv1TokenRequest>.Instance, $"{ApiGroup}/v1", Kind);

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        if (definition.Name != WellKnown.ServiceAccounts || request.Subresource != "token" || request.Verb != "create")
        {
            return false;
        }

        var exchange = new Exchange(context, request, definition, context.Features.GetRequiredFeature<UserIdentity>());
        var outcome = responder.CheckAcceptable(context, definition) is { } unacceptable
            ? unacceptable : await AnswerAsync(exchange);
        WarningHeaders.Write(context.Response, exchange.Warnings);
        await (outcome.Succeeded
            ? responder.RespondAsync(context, definition, StatusCodes.Status201Created, outcome.Value)
            : StatusJson.WriteAsync(context, outcome.Error));
        return true;
    }

    private async Task<Outcome<ReadOnlyMemory<byte>>> AnswerAsync(Exchange exchange)
    {
        var read = await exchange.ReadWriteAsync(WriteVerb.Create);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var write = read.Value.Context;
        var decoded = read.Value.Decode(Expected);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var wanted = (Authenticationv1TokenRequest)decoded.Value;
        Default(wanted);
        if (wanted.Metadata.NamespaceProperty is { Length: > 0 } space && space != write.Key.Namespace)
        {
            return StatusErrors.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request");
        }

        wanted.Metadata.NamespaceProperty = write.Key.Namespace;
        FieldOwners.StampQuestion(write, Expected, wanted, time.GetUtcNow());
        var attributes = Attributes(write, wanted);
        if (await admission.MutateAsync(attributes, write.CancellationToken) is { } refusal)
        {
            return refusal;
        }

        wanted = (Authenticationv1TokenRequest)attributes.Object!;
        Default(wanted);
        var account = await FindAccountAsync(write, wanted);
        if (!account.Succeeded)
        {
            return account.Error;
        }

        var now = time.GetUtcNow();
        Complete(wanted, write.Key, account.Value, now);
        var invalid = Validate(wanted.Spec) ?? await admission.ValidateAsync(attributes, write.CancellationToken);
        return invalid is null ? await IssueAsync(write, wanted, account.Value, now) : invalid;
    }

    private static void Default(Authenticationv1TokenRequest wanted)
    {
        wanted.Spec ??= new V1TokenRequestSpec();
        wanted.Spec.ExpirationSeconds ??= DefaultSeconds;
    }

    /// <summary>What is validated says for whom the token is, and what for.</summary>
    private void Complete(
        Authenticationv1TokenRequest wanted, ObjectKey key, ResourceObject account, DateTimeOffset now)
    {
        wanted.Spec.Audiences = wanted.Spec.Audiences is { Count: > 0 } asked ? asked : [.. options.Audiences];
        wanted.Metadata.Name = key.Name;
        wanted.Metadata.NamespaceProperty = key.Namespace;
        wanted.Metadata.Uid = account.Uid;
        wanted.Metadata.CreationTimestamp = ApiTime.Seconds(now);
        wanted.Status = null;
    }

    private static AdmissionAttributes Attributes(WriteContext write, Authenticationv1TokenRequest wanted) => new()
    {
        Operation = AdmissionOperation.Create,
        Definition = write.Definition,
        Key = write.Key,
        Subresource = "token",
        Object = wanted,
        User = write.User,
        DryRun = write.Options.DryRun,
        Writing = write.Options,
        Warnings = write.Warnings,
        Audit = write.Audit,
        Waits = write.Waits,
        Deadline = write.Deadline,
    };

    private async ValueTask<Outcome<ResourceObject>> FindAccountAsync(
        WriteContext write, Authenticationv1TokenRequest wanted)
    {
        var name = write.Key.Name;
        var errors = new FieldErrors();
        if (wanted.Metadata.Name is { Length: > 0 } other && other != name)
        {
            errors.Invalid(FieldPath.Of("metadata", "name"), other, "must match the service account name if specified");
        }
        else if (wanted.Metadata.NamespaceProperty is { Length: > 0 } space && space != write.Key.Namespace)
        {
            errors.Invalid(
                FieldPath.Of("metadata", "namespace"), space,
                "must match the service account namespace if specified");
        }

        if (errors.Count > 0)
        {
            return errors.ToStatus(ApiGroup, Kind, name);
        }

        var account = await client.GetAsync(
            WellKnown.ServiceAccounts, write.Key, ReadFreshness.Linearizable, write.CancellationToken);
        return account.Succeeded && wanted.Metadata.Uid is { Length: > 0 } uid && uid != account.Value.Uid
            ? StatusErrors.Conflict(
                new ResourceName(ApiGroup, Kind),
                name,
                $"the UID in the token request ({uid}) does not match the UID of the service account ({account.Value.Uid})")
            : account;
    }

    private static Status? Validate(V1TokenRequestSpec spec)
    {
        var errors = new FieldErrors();
        var path = FieldPath.Of("spec", "expirationSeconds");
        if (spec.ExpirationSeconds < MinSeconds)
        {
            errors.Invalid(path, spec.ExpirationSeconds, "may not specify a duration less than 10 minutes");
        }

        if (spec.ExpirationSeconds > MaxSeconds)
        {
            errors.Invalid(path, spec.ExpirationSeconds, "may not specify a duration larger than 2^32 seconds");
        }

        return errors.Count > 0 ? errors.ToStatus(ApiGroup, Kind, "") : null;
    }

    private async ValueTask<Outcome<ReadOnlyMemory<byte>>> IssueAsync(
        WriteContext write, Authenticationv1TokenRequest wanted, ResourceObject account, DateTimeOffset now)
    {
        var spec = wanted.Spec;
        var bound = await bindings.FindAsync(spec.BoundObjectRef, write.Key, write.CancellationToken);
        if (!bound.Succeeded)
        {
            return bound.Error;
        }

        var seconds = Cap(spec.ExpirationSeconds!.Value, write.Warnings);
        var isExtended = options.ExtendsTokens
            && seconds == ExtendedSeconds
            && bound.Value.Object is { Kind: "Pod" }
            && spec.Audiences.All(options.Audiences.Contains);
        var order = new TokenOrder
        {
            Namespace = write.Key.Namespace,
            ServiceAccount = write.Key.Name,
            ServiceAccountUid = account.Uid,
            Audiences = [.. spec.Audiences],
            Lifetime = isExtended ? Extended : TimeSpan.FromSeconds(seconds),
            StaleAfter = isExtended ? TimeSpan.FromSeconds(seconds) : null,
            BoundTo = bound.Value.Object,
            Node = bound.Value.Node,
        };
        var token = await tokens.IssueAsync(order, now, write.CancellationToken);
        write.Audit?.Annotate("authentication.kubernetes.io/issued-credential-id", $"JTI={order.Id}");
        return (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes(Render(wanted, seconds, token, now));
    }

    private long Cap(long seconds, List<string> warnings)
    {
        if (options.MaxTokenLifetime is not { } limit || seconds <= (long)limit.TotalSeconds)
        {
            return seconds;
        }

        var max = (long)limit.TotalSeconds;
        warnings.Add($"requested expiration of {seconds} seconds shortened to {max} seconds");
        return max;
    }

    private static JsonObject Render(
        Authenticationv1TokenRequest wanted, long seconds, string token, DateTimeOffset now) => new()
        {
            ["kind"] = Kind,
            ["apiVersion"] = $"{ApiGroup}/v1",
            ["metadata"] = JsonNode.Parse(ResourceCodec.Encode(wanted.Metadata)),
            ["spec"] = new JsonObject
            {
                ["audiences"] = new JsonArray([.. wanted.Spec.Audiences.Select(a => JsonValue.Create(a))]),
                ["expirationSeconds"] = seconds,
                ["boundObjectRef"] = wanted.Spec.BoundObjectRef is { } reference ? Render(reference) : null,
            },
            ["status"] = new JsonObject
            {
                ["token"] = token, ["expirationTimestamp"] = now.AddSeconds(seconds).ToApiText(),
            },
        };

    private static JsonObject Render(V1BoundObjectReference reference)
    {
        var result = new JsonObject();
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[
            ("kind", reference.Kind), ("apiVersion", reference.ApiVersion), ("name", reference.Name),
            ("uid", reference.Uid)])
        {
            if (!string.IsNullOrEmpty(value))
            {
                result[name] = value;
            }
        }

        return result;
    }
}
