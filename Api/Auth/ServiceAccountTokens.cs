using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>A token to be issued.</summary>
public sealed record TokenOrder
{
    /// <summary>By which its uses are told apart.</summary>
    public string Id { get; } = Chance.NewId().ToString();

    public required string Namespace { get; init; }

    public required string ServiceAccount { get; init; }

    public required string ServiceAccountUid { get; init; }

    public required IReadOnlyList<string> Audiences { get; init; }

    public required TimeSpan Lifetime { get; init; }

    /// <summary>From when on its use is frowned upon; null for never.</summary>
    public TimeSpan? StaleAfter { get; init; }

    public BoundObject? BoundTo { get; init; }

    /// <summary>The node of the pod that the token is bound to.</summary>
    public BoundObject? Node { get; init; }
}

/// <summary>
/// Issues and verifies service-account tokens: JWTs with upstream's claims. A verified signature is remembered
/// (bounded); that the service account and the bound object still exist is looked up in the caches each time.
/// </summary>
public sealed class ServiceAccountTokens(
    AccountKeys keys, IResourceClient client, AuthOptions options, TimeProvider time)
{
    private const int RememberedTokens = 10_000;
    private const string Invalidated = "service account token has been invalidated";

    private static readonly TimeSpan DeletionLeeway = TimeSpan.FromSeconds(60);

    /// <summary>How far clocks may differ: that of upstream's library.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConcurrentDictionary<string, VerifiedToken> _verified = new(StringComparer.Ordinal);

    /// <summary>A signed token, good from now on.</summary>
    public Task<string> IssueAsync(TokenOrder order, DateTimeOffset now, CancellationToken cancellationToken) =>
        keys.SignAsync(
            JsonSerializer.SerializeToUtf8Bytes(Claims(order, now)), now + order.Lifetime, cancellationToken);

    /// <summary>Who bears a token that is meant for one of some audiences, or why nobody does.</summary>
    public async Task<TokenVerdict> ReviewAsync(
        string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var (verified, complaint) = await VerifyAsync(token);
        if (verified is null)
        {
            return TokenVerdict.Refuse(complaint);
        }

        var shared = audiences.Where(verified.Audiences.Contains).ToList();
        var now = time.GetUtcNow();
        return shared.Count == 0 ? TokenVerdict.RefuseAudiences(verified.Audiences, audiences)
            : WhyNotNow(verified, now) is { } untimely ? TokenVerdict.Refuse(untimely)
            : await WhyInvalidAsync(verified, cancellationToken) is { } why ? TokenVerdict.Refuse(why)
            : new TokenVerdict(verified.User, shared)
            {
                Notes = StaleNotes(verified, now), IsTimely = now <= verified.StaleAt,
            };
    }

    private static string? WhyNotNow(VerifiedToken token, DateTimeOffset now) =>
        token.NotBefore > now + Leeway ? "service account token is not valid yet"
        : token.Expires < now - Leeway ? "service account token has expired"
        : token.IssuedAt > now + Leeway ? "service account token is issued in the future"
        : null;

    /// <summary>None for a token that its bearer has renewed in time.</summary>
    private static IReadOnlyList<AuditNote> StaleNotes(VerifiedToken token, DateTimeOffset now)
    {
        if (token.StaleAt is not { } stale || now <= stale)
        {
            return [];
        }

        var late = now.ToUnixTimeSeconds() - stale.ToUnixTimeSeconds();
        return
        [
            new(
                TokenNotes.Stale,
                $"subject: {token.User.Name}, seconds after warning threshold: {late}"),
        ];
    }

    private async Task<(VerifiedToken? Token, string Complaint)> VerifyAsync(string token)
    {
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_verified.TryGetValue(key, out var known))
        {
            return (known, "");
        }

        var result = await _handler.ValidateTokenAsync(token, await keys.ParametersAsync(options.Issuers));
        if (!result.IsValid || VerifiedToken.From((JsonWebToken)result.SecurityToken) is not { } verified)
        {
            return (null, await WhyNotAsync(token));
        }

        if (_verified.Count >= RememberedTokens)
        {
            _verified.Clear();
        }

        _verified[key] = verified;
        return (verified, "");
    }

    /// <summary>Nothing more is said of tokens that do not claim to be ours.</summary>
    private async Task<string> WhyNotAsync(string token)
    {
        using var claims = TokenClaims.Read(token);
        return claims is not null && options.Issuers.Contains(claims.Issuer) ? await keys.ComplaintAsync(token) : "";
    }

    /// <summary>Why its account or what it is bound to makes a token invalid; null when it is good.</summary>
    private async Task<string?> WhyInvalidAsync(VerifiedToken token, CancellationToken cancellationToken)
    {
        var (account, uid) = (token.Account, token.AccountUid);
        var found = await FindAsync(WellKnown.ServiceAccounts, account, uid, cancellationToken);
        return !found.Succeeded ? found.Error.Message
            : IsPastDeletion(found.Value) ? $"service account {account} has been deleted"
            : found.Value.Uid != uid ? $"service account UID ({found.Value.Uid}) does not match claim ({uid})"
            : token.BoundResource is { } resource ? await WhyUnboundAsync(resource, token, cancellationToken)
            : null;
    }

    private async Task<string?> WhyUnboundAsync(
        ResourceName resource, VerifiedToken token, CancellationToken cancellationToken)
    {
        var found = await FindAsync(resource, token.BoundKey, token.BoundUid, cancellationToken);
        var kind = resource.Plural[..^1];
        return !found.Succeeded || IsPastDeletion(found.Value) ? Invalidated
            : found.Value.Uid == token.BoundUid ? null
            : $"{kind} UID ({found.Value.Uid}) does not match service account {kind} ref claim ({token.BoundUid})";
    }

    private async Task<Outcome<ResourceObject>> FindAsync(
        ResourceName resource, ObjectKey key, string uid, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync(resource, key, ReadFreshness.Cached, cancellationToken);
        if (!found.Succeeded || found.Value.Uid != uid)
        {
            // The cache may be behind a token that was issued a moment ago.
            found = await client.GetAsync(resource, key, ReadFreshness.Linearizable, cancellationToken);
        }

        return found;
    }

    // What is on its way out may still say goodbye, but not for ever.
    private bool IsPastDeletion(ResourceObject item) =>
        item.Metadata.DeletionTimestamp is { } deletion && deletion < time.GetUtcNow() - DeletionLeeway;

    private JsonObject Claims(TokenOrder order, DateTimeOffset now)
    {
        var kubernetes = new JsonObject
        {
            ["namespace"] = order.Namespace,
            ["serviceaccount"] = Reference(order.ServiceAccount, order.ServiceAccountUid),
        };
        if (order.Node is { } node)
        {
            kubernetes["node"] = Reference(node.Name, node.Uid);
        }

        if (order.BoundTo is { } bound)
        {
            kubernetes[bound.Kind.ToLowerInvariant()] = Reference(bound.Name, bound.Uid);
        }

        if (order.StaleAfter is { } staleAfter)
        {
            kubernetes["warnafter"] = (now + staleAfter).ToUnixTimeSeconds();
        }

        return new JsonObject
        {
            ["aud"] = new JsonArray([.. order.Audiences.Select(a => JsonValue.Create(a))]),
            ["exp"] = (now + order.Lifetime).ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = options.Issuers[0],
            ["jti"] = order.Id,
            ["kubernetes.io"] = kubernetes,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = SystemNames.ServiceAccountUser(order.Namespace, order.ServiceAccount),
        };
    }

    private static JsonObject Reference(string name, string uid) => new() { ["name"] = name, ["uid"] = uid };

    /// <summary>The content of a token whose signature and issuer are good.</summary>
    private sealed record VerifiedToken
    {
        public required UserIdentity User { get; init; }

        public required ObjectKey Account { get; init; }

        public required string AccountUid { get; init; }

        public required IReadOnlyList<string> Audiences { get; init; }

        public required DateTimeOffset NotBefore { get; init; }

        public required DateTimeOffset Expires { get; init; }

        public required DateTimeOffset IssuedAt { get; init; }

        /// <summary>From when on its use is frowned upon; null for never.</summary>
        public DateTimeOffset? StaleAt { get; init; }

        public ResourceName? BoundResource { get; init; }

        public ObjectKey BoundKey { get; init; }

        public string BoundUid { get; init; } = "";

        public static VerifiedToken? From(JsonWebToken token)
        {
            if (!token.TryGetPayloadValue<JsonElement>("kubernetes.io", out var claims) ||
                !claims.TryGetProperty("namespace", out var space) || Named(claims, "serviceaccount") is not { } account)
            {
                return null;
            }

            var ns = space.GetString()!;
            var (resource, bound) = Bound(claims);
            return new VerifiedToken
            {
                User = new UserIdentity
                {
                    Name = SystemNames.ServiceAccountUser(ns, account.Name),
                    Uid = account.Uid,
                    Groups = [.. SystemNames.GroupsOfServiceAccount(ns), SystemNames.Authenticated],
                    Extra = Extra(token, claims),
                },
                Account = new ObjectKey(ns, account.Name),
                AccountUid = account.Uid,
                Audiences = [.. token.Audiences],
                NotBefore = new DateTimeOffset(token.ValidFrom, TimeSpan.Zero),
                Expires = new DateTimeOffset(token.ValidTo, TimeSpan.Zero),
                IssuedAt = new DateTimeOffset(token.IssuedAt, TimeSpan.Zero),
                StaleAt = claims.TryGetProperty("warnafter", out var stale) && stale.TryGetInt64(out var seconds)
                    ? DateTimeOffset.FromUnixTimeSeconds(seconds)
                    : null,
                BoundResource = resource,
                BoundKey = new ObjectKey(resource == WellKnown.Nodes ? "" : ns, bound.Name),
                BoundUid = bound.Uid,
            };
        }

        private static (ResourceName? Resource, (string Name, string Uid) Object) Bound(JsonElement claims)
        {
            if (Named(claims, "pod") is { } pod)
            {
                return (WellKnown.Pods, pod);
            }

            if (Named(claims, "secret") is { } secret)
            {
                return (WellKnown.Secrets, secret);
            }

            return Named(claims, "node") is { } node ? (WellKnown.Nodes, node) : (null, ("", ""));
        }

        private static Dictionary<string, IReadOnlyList<string>> Extra(JsonWebToken token, JsonElement claims)
        {
            const string Prefix = "authentication.kubernetes.io/";
            var extra = new Dictionary<string, IReadOnlyList<string>>
            {
                [$"{Prefix}credential-id"] = [$"JTI={token.Id}"],
            };
            if (Named(claims, "node") is { } node)
            {
                extra[SystemNames.NodeNameKey] = [node.Name];
                if (node.Uid.Length > 0)
                {
                    extra[$"{Prefix}node-uid"] = [node.Uid];
                }
            }

            if (Named(claims, "pod") is { } pod)
            {
                extra[$"{Prefix}pod-name"] = [pod.Name];
                extra[$"{Prefix}pod-uid"] = [pod.Uid];
            }

            return extra;
        }

        private static (string Name, string Uid)? Named(JsonElement claims, string property)
        {
            if (!claims.TryGetProperty(property, out var reference) || reference.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var uid = reference.TryGetProperty("uid", out var value) ? value.GetString() ?? "" : "";
            return (reference.GetProperty("name").GetString() ?? "", uid);
        }
    }
}
