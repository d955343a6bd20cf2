using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// All sorts of bearer tokens: static ones, those of service accounts, signed for some time or kept in a Secret, and
/// those with which machines begin.
/// </summary>
public sealed class BearerTokens(
    ServiceAccountTokens accounts, SecretTokens secrets, BootstrapTokens bootstrap, AuthOptions options)
{
    /// <summary>Who bears a token that is sent to this server; null when it is worth nothing.</summary>
    public async Task<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken) =>
        (await ReviewAsync(token, options.Audiences, cancellationToken)).User;

    /// <summary>Who bears a token that is meant for one of some audiences, or why nobody does.</summary>
    public async Task<TokenVerdict> ReviewAsync(
        string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var user = options.StaticTokens.TryGetValue(token, out var known) ? known
            : secrets.Claims(token) ? await secrets.AuthenticateAsync(token, cancellationToken)
            : await bootstrap.AuthenticateAsync(token, cancellationToken);

        // Tokens that name no audience are for this server.
        var shared = ReferenceEquals(audiences, options.Audiences)
            ? audiences
            : [.. audiences.Where(options.Audiences.Contains)];
        return user is not null && shared.Count > 0 ? new TokenVerdict(user, shared)
            : user is not null ? TokenVerdict.Refuse("")
            : await accounts.ReviewAsync(token, audiences, cancellationToken);
    }
}
