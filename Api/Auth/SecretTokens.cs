using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.IdentityModel.JsonWebTokens;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Service-account tokens that are kept in Secrets: signed like all others, without an end and without an audience. One
/// is good for as long as its Secret holds it, which is looked up each time (upstream's
/// <c>pkg/serviceaccount/legacy.go</c>).
/// </summary>
public sealed class SecretTokens(AccountKeys keys, IResourceClient client, TimeProvider time) : ISecretTokens
{
    /// <summary>What such tokens name as their issuer.</summary>
    public const string Issuer = "kubernetes/serviceaccount";

    private const string Prefix = "kubernetes.io/serviceaccount/";
    private const string NamespaceClaim = Prefix + "namespace";
    private const string SecretClaim = Prefix + "secret.name";
    private const string AccountClaim = Prefix + "service-account.name";
    private const string AccountUidClaim = Prefix + "service-account.uid";

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };

    /// <inheritdoc/>
    public async ValueTask<string> IssueAsync(SecretTokenOrder order, CancellationToken cancellationToken)
    {
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            [NamespaceClaim] = order.Namespace,
            [SecretClaim] = order.Secret,
            [AccountClaim] = order.ServiceAccount,
            [AccountUidClaim] = order.ServiceAccountUid,
            ["sub"] = SystemNames.ServiceAccountUser(order.Namespace, order.ServiceAccount),
        };
        return await keys.SignAsync(JsonSerializer.SerializeToUtf8Bytes(claims), expires: null, cancellationToken);
    }

    /// <summary>True for a token that says that it is kept in a Secret.</summary>
    public bool Claims(string token)
    {
        using var claims = TokenClaims.Read(token);
        return claims?.Issuer == Issuer;
    }

    /// <summary>Who bears this token; null when it is not ours, or no Secret holds it any more.</summary>
    public async Task<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        var result = await _handler.ValidateTokenAsync(token, await keys.ParametersAsync([Issuer]));
        if (!result.IsValid)
        {
            return null;
        }

        var claims = (JsonWebToken)result.SecurityToken;
        var (home, account) = (Claim(claims, NamespaceClaim), Claim(claims, AccountClaim));
        if (await HolderAsync(new ObjectKey(home, Claim(claims, SecretClaim)), token, cancellationToken)
                is not { } holder
            || !await ExistsAsync(new ObjectKey(home, account), Claim(claims, AccountUidClaim), cancellationToken))
        {
            return null;
        }

        await NoteUseAsync(holder, cancellationToken);
        return new UserIdentity
        {
            Name = SystemNames.ServiceAccountUser(home, account),
            Uid = Claim(claims, AccountUidClaim),
            Groups = [.. SystemNames.GroupsOfServiceAccount(home), SystemNames.Authenticated],
        };
    }

    private async Task<V1Secret?> HolderAsync(ObjectKey key, string token, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1Secret>(key, ReadFreshness.Linearizable, cancellationToken);
        return read.Succeeded
            && read.Value.Metadata.DeletionTimestamp is null
            && read.Value.Metadata.Labels?.ContainsKey(LegacyTokens.InvalidSinceLabel) != true
            && read.Value.Data?.TryGetValue("token", out var held) == true
            && held.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(token))
            ? read.Value
            : null;
    }

    /// <summary>
    /// Once a day; clocks of several silos may disagree at midnight. A use that could not be noted is one all the same.
    /// </summary>
    private async Task NoteUseAsync(V1Secret secret, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var noted = secret.GetLabel(LegacyTokens.LastUsedLabel);
        if (noted == LegacyTokens.Day(now) || noted == LegacyTokens.Day(now.AddDays(1)))
        {
            return;
        }

        await client.MergeAsync<V1Secret>(
            secret.Key(),
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["uid"] = secret.Metadata.Uid,
                    ["labels"] = new JsonObject { [LegacyTokens.LastUsedLabel] = LegacyTokens.Day(now) },
                },
            },
            cancellationToken);
    }

    private async Task<bool> ExistsAsync(ObjectKey account, string uid, CancellationToken cancellationToken)
    {
        var read = await client.GetAsync(
            WellKnown.ServiceAccounts, account, ReadFreshness.Linearizable, cancellationToken);
        return read.Succeeded && read.Value.Uid == uid && read.Value.Metadata.DeletionTimestamp is null;
    }

    private static string Claim(JsonWebToken token, string name) =>
        token.TryGetPayloadValue<string>(name, out var value) ? value : "";
}
