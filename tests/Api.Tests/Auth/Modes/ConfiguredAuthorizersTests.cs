using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.Modes;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.Modes;

/// <summary>Authorizers that change while the server runs.</summary>
public sealed class ConfiguredAuthorizersTests
{
    /// <summary>As upstream has it: the policies of ABAC are read at start or not at all.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AbacIsThereFromTheStartOrNever(bool wasThere)
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var start = AuthorizationConfiguration.OfModes(
            [AuthorizerTypes.AlwaysAllow, .. wasThere ? [AuthorizerTypes.Abac] : Array.Empty<string>()]);
        var authorizers = new ConfiguredAuthorizers(
            start, null!, null!, null!, null!,
            new AuthorizationMetrics(services.GetRequiredService<IMeterFactory>()), TimeProvider.System);

        var failure = Record.Exception(() => authorizers.Use(
            AuthorizationConfiguration.OfModes([AuthorizerTypes.AlwaysDeny, AuthorizerTypes.Abac])));

        Assert.Equal(
            wasThere
                ? null
                : "authorizer type ABAC is not allowed if it was not enabled at initial server startup",
            (failure as ConfigurationException)?.Message);
        var decision = await authorizers.AuthorizeAsync(
            new AuthorizationAttributes { User = new UserIdentity { Name = "x" }, Verb = "get" },
            CancellationToken.None);
        Assert.Equal(!wasThere, decision.Verdict == AuthorizationVerdict.Allow);
    }
}
