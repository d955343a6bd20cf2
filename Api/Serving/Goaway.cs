using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>
/// Has clients of HTTP/2 come anew now and then, so that a load balancer can spread them (upstream's
/// <c>filters/goaway.go</c>): the connection is told GOAWAY, requests in progress on it go on to their end.
/// </summary>
public static class Goaway
{
    /// <summary>Comes before everything that asks who it is: all requests count.</summary>
    /// <param name="app">What answers.</param>
    /// <param name="chance">The probability for each request; 0 for never.</param>
    public static IApplicationBuilder UseGoaway(this IApplicationBuilder app, double chance) =>
        chance <= 0 ? app : app.Use((context, next) =>
        {
            if (HttpProtocol.IsHttp2(context.Request.Protocol) && Chance.Source.NextDouble() < chance)
            {
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            }

            return next(context);
        });
}
