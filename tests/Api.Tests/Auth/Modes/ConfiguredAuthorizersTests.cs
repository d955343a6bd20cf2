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
    /// <summary>As upstream has it, of those that are made once, at start.</summary>
    [Theory]
    [InlineData(AuthorizerTypes.Node, true)]
    [InlineData(AuthorizerTypes.Node, false)]
    [InlineData(AuthorizerTypes.Rbac, true)]
    [InlineData(AuthorizerTypes.Rbac, false)]
    [InlineData(AuthorizerTypes.Abac, true)]
    [InlineData(AuthorizerTypes.Abac, false)]
    public async Task SomeAreThereFromTheStartOrNever(string type, bool wasThere)
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var start = AuthorizationConfiguration.OfModes(
            [AuthorizerTypes.AlwaysDeny, .. wasThere ? [type] : Array.Empty<string>()]);
        var authorizers = new ConfiguredAuthorizers(
            start, null!, null!, null!, null!,
            new AuthorizationMetrics(services.GetRequiredService<IMeterFactory>()), TimeProvider.System);

        var failure = Record.Exception(() => authorizers.Use(
            AuthorizationConfiguration.OfModes([AuthorizerTypes.AlwaysAllow, type])));

        Assert.Equal(
            wasThere
                ? null
                : $"authorizer type {type} is not allowed if it was not enabled at initial server startup",
            (failure as ConfigurationException)?.Message);
        var decision = await authorizers.AuthorizeAsync(
            new AuthorizationAttributes { User = new UserIdentity { Name = "x" }, Verb = "get" },
            CancellationToken.None);
        Assert.Equal(wasThere, decision.Verdict == AuthorizationVerdict.Allow);
    }
}
