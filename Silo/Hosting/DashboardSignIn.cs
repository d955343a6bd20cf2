using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Dashboard;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>The dashboard's buttons: the issuers whose tokens the API takes, if they sign people in.</summary>
internal sealed class DashboardSignIn(JwtIssuers issuers, string scopes) : IDashboardSignIn
{
    public IReadOnlyList<DashboardIssuer> Known => Show(issuers.KnownSignIns);

    public async Task<IReadOnlyList<DashboardIssuer>> FindAsync(CancellationToken cancellationToken) =>
        Show(await issuers.FindSignInsAsync(cancellationToken));

    private List<DashboardIssuer> Show(IReadOnlyList<IssuerSignIn> found) =>
    [
        .. found.OrderBy(static i => i.Issuer, StringComparer.Ordinal).Select(
            i => new DashboardIssuer(i.Issuer, i.Client, scopes, i.AuthorizationUrl, i.TokenUrl)),
    ];
}
