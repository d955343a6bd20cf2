namespace OrleansOrchestrator.Dashboard;

/// <summary>Where people may sign in beside tokens of their own.</summary>
public interface IDashboardSignIn
{
    /// <summary>Issuers of which everything is known by now.</summary>
    IReadOnlyList<DashboardIssuer> Known { get; }

    /// <summary>All of them: those that have not been asked yet are.</summary>
    Task<IReadOnlyList<DashboardIssuer>> FindAsync(CancellationToken cancellationToken);
}

/// <summary>An issuer of tokens, as the page needs to know it.</summary>
/// <param name="Issuer">Its URL.</param>
/// <param name="ClientId">As which client the page asks it.</param>
/// <param name="Scopes">What the page asks for, with blanks.</param>
/// <param name="AuthorizationEndpoint">Where the browser is sent.</param>
/// <param name="TokenEndpoint">Where the page changes a code for a token.</param>
public sealed record DashboardIssuer(
    string Issuer, string ClientId, string Scopes, Uri AuthorizationEndpoint, Uri TokenEndpoint);
