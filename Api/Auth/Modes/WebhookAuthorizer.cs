using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>
/// Asks a server what is allowed (upstream's <c>authorizer/webhook</c>). Answers are kept for a while, in a bounded
/// number; what the failure policy says is done when it cannot be asked.
/// </summary>
internal sealed class WebhookAuthorizer(
    AuthorizerSettings settings, MatchConditions conditions, ReviewWebhook webhook, AuthorizationMetrics metrics,
    TimeProvider time) : IAuthorizer, IRuleSource
{
    private const int MaxKept = 8192;

    /// <summary>Requests that say more than this of what is wanted are not kept: somebody wants to fill the memory.
    /// </summary>
    private const int MaxKeptLength = 10_000;

    private readonly LruCache<string, (AuthorizationDecision Decision, DateTimeOffset Until)> _known = new(MaxKept);
    private readonly WebhookSettings _webhook = settings.Webhook!;

    private bool IsBeta => _webhook.ReviewVersion == "v1beta1";

    /// <inheritdoc/>
    public async ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        if (conditions.Any)
        {
            var start = time.GetTimestamp();
            var (matches, failure) = conditions.Evaluate(attributes);
            metrics.Matched(settings.Name, matches, failure.Length > 0, time.GetElapsedTime(start));
            if (!matches)
            {
                return failure.Length > 0 ? Failed(failure) : AuthorizationDecision.NoOpinion();
            }
        }

        var key = KeyOf(attributes);
        if (_known.TryGet(key, out var known) && known.Until > time.GetUtcNow())
        {
            return known.Decision;
        }

        var (decision, isAllowed) = await AskAsync(attributes, cancellationToken);
        var ttl = isAllowed switch
        {
            null => TimeSpan.Zero,
            true => _webhook.CachesAuthorized ? _webhook.AuthorizedTtl : TimeSpan.Zero,
            false => _webhook.CachesUnauthorized ? _webhook.UnauthorizedTtl : TimeSpan.Zero,
        };
        if (ttl > TimeSpan.Zero && LengthOf(attributes) < MaxKeptLength)
        {
            _known.Set(key, (decision, time.GetUtcNow() + ttl));
        }

        return decision;
    }

    /// <inheritdoc/>
    public ValueTask<AllowedRules> RulesForAsync(
        UserIdentity user, string space, CancellationToken cancellationToken) =>
        new(AllowedRules.Unknown("webhook authorizer does not support user rule resolution"));

    /// <summary>What the server says; whether it allows it is not known when it could not be asked.</summary>
    private async ValueTask<(AuthorizationDecision Decision, bool? IsAllowed)> AskAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var result = "canceled";
        try
        {
            var status = await webhook.AskAsync(
                writer => AccessReviewWriter.Write(writer, attributes, IsBeta), cancellationToken);
            result = status.Succeeded ? "success"
                : status.Error.Message.EndsWith("context deadline exceeded", StringComparison.Ordinal) ? "timeout"
                : "error";
            if (status.Succeeded)
            {
                return Judge(status.Value);
            }

            if (_webhook.FailurePolicy != "Deny")
            {
                metrics.FailedOpen(settings.Name, result);
            }

            return (Failed(status.Error.Message), null);
        }
        finally
        {
            metrics.Asked(settings.Name, result, time.GetElapsedTime(start));
        }
    }

    private static (AuthorizationDecision Decision, bool? IsAllowed) Judge(JsonObject status)
    {
        var (allowed, denied) = (IsTrue(status["allowed"]), IsTrue(status["denied"]));
        var reason = JsonTree.Text(status["reason"]) ?? "";
        return allowed && denied
            ? (new AuthorizationDecision(
                AuthorizationVerdict.Deny, reason,
                "webhook subject access review returned both allow and deny response"), allowed)
            : (new AuthorizationDecision(
                denied ? AuthorizationVerdict.Deny
                : allowed ? AuthorizationVerdict.Allow
                : AuthorizationVerdict.NoOpinion,
                reason), allowed);
    }

    private AuthorizationDecision Failed(string why) => new(
        _webhook.FailurePolicy == "Deny" ? AuthorizationVerdict.Deny : AuthorizationVerdict.NoOpinion, "", why);

    private static bool IsTrue(JsonNode? node) => node?.GetValueKind() == JsonValueKind.True;

    private string KeyOf(AuthorizationAttributes attributes)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            AccessReviewWriter.Write(writer, attributes, IsBeta);
        }

        return Convert.ToHexString(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    private static int LengthOf(AuthorizationAttributes wanted) =>
        wanted.Namespace.Length + wanted.Verb.Length + wanted.Group.Length + wanted.Version.Length
        + wanted.Resource.Length + wanted.Subresource.Length + wanted.Name.Length + wanted.Path.Length
        + wanted.FieldSelector.Length + wanted.LabelSelector.Length;
}
