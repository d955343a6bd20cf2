using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>An object that a token is bound to: the token dies with it.</summary>
/// <param name="Kind">Pod, Secret or Node.</param>
public sealed record BoundObject(string Kind, string Name, string Uid);

/// <summary>A token to be issued.</summary>
public sealed record TokenOrder
{
    public required string Namespace { get; init; }

    public required string ServiceAccount { get; init; }

    public required string ServiceAccountUid { get; init; }

    public required IReadOnlyList<string> Audiences { get; init; }

    public required TimeSpan Lifetime { get; init; }

    public BoundObject? BoundTo { get; init; }

    /// <summary>The node of the pod that the token is bound to.</summary>
    public BoundObject? Node { get; init; }
}

/// <summary>
/// Issues and verifies service-account tokens: JWTs signed ES256, with upstream's claims. A verified signature is
/// remembered (bounded); that the service account and the bound object still exist is looked up in the caches each
/// time.
/// </summary>
public sealed class ServiceAccountTokens(
    TrustStore trustStore, IResourceClient client, AuthOptions options, TimeProvider time)
{
    private const int RememberedTokens = 10_000;

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConcurrentDictionary<string, VerifiedToken> _verified = new(StringComparer.Ordinal);

    /// <summary>A signed token and when it ends.</summary>
    public async Task<(string Token, DateTimeOffset Expires)> IssueAsync(
        TokenOrder order, CancellationToken cancellationToken)
    {
        var trust = await trustStore.Trust;
        var now = time.GetUtcNow();
        var expires = now + order.Lifetime;
        var header = new JsonObject { ["alg"] = "ES256", ["kid"] = trust.Public.TokenKeyId };
        var signed = $"{Segment(header)}.{Segment(Claims(order, now, expires))}";
        var signature = await trustStore.Signer.SignAsync(Encoding.ASCII.GetBytes(signed), cancellationToken);
        return ($"{signed}.{Base64UrlEncoder.Encode(signature)}", expires);
    }

    /// <summary>
    /// Who bears this token; null when it is not one of ours, not valid for an audience, or what it is bound to is
    /// gone.
    /// </summary>
    public async Task<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        var verified = await VerifyAsync(token);
        if (verified is null || verified.Expires <= time.GetUtcNow())
        {
            return null;
        }

        return await IsAliveAsync(verified, cancellationToken) ? verified.User : null;
    }

    private async Task<VerifiedToken?> VerifyAsync(string token)
    {
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_verified.TryGetValue(key, out var known))
        {
            return known;
        }

        var trust = await trustStore.Trust;
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = options.Issuer,
            ValidAudiences = options.Audiences,
            IssuerSigningKey = trust.TokenKey,
            ValidAlgorithms = ["ES256"],
            ClockSkew = TimeSpan.FromSeconds(10),
        });
        if (!result.IsValid || VerifiedToken.From((JsonWebToken)result.SecurityToken) is not { } verified)
        {
            return null;
        }

        if (_verified.Count >= RememberedTokens)
        {
            _verified.Clear();
        }

        _verified[key] = verified;
        return verified;
    }

    private async Task<bool> IsAliveAsync(VerifiedToken token, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(WellKnown.ServiceAccounts, token.Account, token.AccountUid, cancellationToken))
        {
            return false;
        }

        return token.BoundResource is not { } resource ||
            await ExistsAsync(resource, token.BoundKey, token.BoundUid, cancellationToken);
    }

    private async Task<bool> ExistsAsync(
        ResourceName resource, ObjectKey key, string uid, CancellationToken cancellationToken)
    {
        var found = await client.GetAsync(resource, key, ReadFreshness.Cached, cancellationToken);
        if (!found.Succeeded || found.Value.Uid != uid)
        {
            // The cache may be behind a token that was issued a moment ago.
            found = await client.GetAsync(resource, key, ReadFreshness.Linearizable, cancellationToken);
        }

        return found.Succeeded && found.Value.Uid == uid;
    }

    private JsonObject Claims(TokenOrder order, DateTimeOffset now, DateTimeOffset expires)
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

        return new JsonObject
        {
            ["aud"] = new JsonArray([.. order.Audiences.Select(a => JsonValue.Create(a))]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = options.Issuer,
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = kubernetes,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{order.Namespace}:{order.ServiceAccount}",
        };
    }

    private static JsonObject Reference(string name, string uid) => new() { ["name"] = name, ["uid"] = uid };

    private static string Segment(JsonObject part) =>
        Base64UrlEncoder.Encode(JsonSerializer.SerializeToUtf8Bytes(part));

    /// <summary>The content of a token whose signature, issuer, audience and time are good.</summary>
    private sealed record VerifiedToken
    {
        public required UserIdentity User { get; init; }

        public required ObjectKey Account { get; init; }

        public required string AccountUid { get; init; }

        public required DateTimeOffset Expires { get; init; }

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
                    Name = $"system:serviceaccount:{ns}:{account.Name}",
                    Uid = account.Uid,
                    Groups = ["system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"],
                    Extra = Extra(token, claims),
                },
                Account = new ObjectKey(ns, account.Name),
                AccountUid = account.Uid,
                Expires = new DateTimeOffset(token.ValidTo, TimeSpan.Zero),
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
                extra[$"{Prefix}node-name"] = [node.Name];
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
