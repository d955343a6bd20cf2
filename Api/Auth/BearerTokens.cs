using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// All sorts of bearer tokens: static ones, those of service accounts, signed for some time or kept in a Secret, those
/// with which machines begin, those of other issuers, and those that a server knows which is asked.
/// </summary>
public sealed class BearerTokens(
    ServiceAccountTokens accounts, SecretTokens secrets, BootstrapTokens bootstrap, JwtIssuers issuers,
    AuthOptions options, TokenMetrics metrics, TokenWebhook? webhook = null)
{
    /// <summary>Who bears a token that is sent to this server.</summary>
    public Task<TokenVerdict> AuthenticateAsync(string token, CancellationToken cancellationToken) =>
        ReviewAsync(token, options.Audiences, cancellationToken);

    /// <summary>Who bears a token that is meant for one of some audiences, or why nobody does.</summary>
    public async Task<TokenVerdict> ReviewAsync(
        string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var user = options.StaticTokens.TryGetValue(token, out var known)
            ? known
            : await bootstrap.AuthenticateAsync(token, cancellationToken);

        // Tokens that name no audience are for this server.
        var shared = ReferenceEquals(audiences, options.Audiences)
            ? audiences
            : [.. audiences.Where(options.Audiences.Contains)];
        if (user is not null)
        {
            return shared.Count == 0 ? TokenVerdict.Refuse("") : new TokenVerdict(user, shared);
        }

        var verdict = SecretTokens.Claims(token)
            ? await secrets.ReviewAsync(token, audiences, cancellationToken)
            : shared.Count > 0 && await issuers.AuthenticateAsync(token, cancellationToken) is { } issued
                ? issued.Succeeded ? new TokenVerdict(issued.Value, shared) : TokenVerdict.Refuse(issued.Error.Message)
                : await accounts.ReviewAsync(token, audiences, cancellationToken);
        metrics.Judged(verdict);
        return verdict.User is not null || webhook is null
            ? verdict
            : await AskAsync(webhook, verdict, token, audiences, cancellationToken);
    }

    /// <summary>Who knows a token that nobody else does; all that is said against it is told.</summary>
    private static async Task<TokenVerdict> AskAsync(
        TokenWebhook webhook, TokenVerdict refused, string token, IReadOnlyList<string> audiences,
        CancellationToken cancellationToken)
    {
        var asked = await webhook.ReviewAsync(token, audiences, cancellationToken);
        return asked.User is not null || refused.Complaint.Length == 0 ? asked
            : asked.Complaint.Length == 0 ? refused
            : TokenVerdict.Refuse($"{refused.Complaint}, {asked.Complaint}");
    }
}
