using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth;

/// <summary>The first opinion decides; when there is none, all reasons are told.</summary>
public sealed class AuthorizerChainTests
{
    private static readonly AuthorizationDecision Allow = AuthorizationDecision.Allow;

    public static TheoryData<AuthorizationDecision[], AuthorizationVerdict, string> Chains => new()
    {
        { [], AuthorizationVerdict.NoOpinion, "" },
        { [AuthorizationDecision.NoOpinion()], AuthorizationVerdict.NoOpinion, "" },
        { [AuthorizationDecision.NoOpinion("a"), AuthorizationDecision.NoOpinion(), AuthorizationDecision.NoOpinion(
            "b")], AuthorizationVerdict.NoOpinion, "a\nb" },
        { [AuthorizationDecision.NoOpinion("a"), Allow, AuthorizationDecision.Deny("b")], AuthorizationVerdict.Allow,
            "" },
        { [AuthorizationDecision.NoOpinion("a"), AuthorizationDecision.Deny("b"), Allow], AuthorizationVerdict.Deny,
            "b" },
    };

    [Theory]
    [MemberData(nameof(Chains))]
    public async Task TheFirstOpinionDecides(AuthorizationDecision[] links, AuthorizationVerdict verdict, string reason)
    {
        var chain = new AuthorizerChain(links.Select(l => new Fixed(l)));
        var wanted = new AuthorizationAttributes { User = new UserIdentity { Name = "x" }, Verb = "get" };
        Assert.Equal(
            new AuthorizationDecision(verdict, reason), await chain.AuthorizeAsync(wanted, CancellationToken.None));
    }

    private sealed class Fixed(AuthorizationDecision decision) : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) => new(decision);
    }
}
