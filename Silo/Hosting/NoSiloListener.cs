using System.Net;
using Microsoft.AspNetCore.Connections;
using Orleans.Runtime;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Instead of Orleans' listener for other silos, where there are none: a silo that keeps everything in memory is alone,
/// has no identity to prove to others, and so must not be reached by them.
/// </summary>
internal sealed class NoSiloListener : IConnectionListenerFactory
{
    /// <summary>Puts this in the place of everything that would listen for silos and Orleans' clients.</summary>
    public static void Use(IServiceCollection services)
    {
        foreach (var listener in services.Where(IsListenerFactory).ToList())
        {
            services.Remove(listener);
            services.AddKeyedSingleton<IConnectionListenerFactory>(listener.ServiceKey, new NoSiloListener());
        }
    }

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Closed(endpoint));

    private static bool IsListenerFactory(ServiceDescriptor service) =>
        service.IsKeyedService && service.ServiceType == typeof(IConnectionListenerFactory);

    /// <summary>Accepts nobody until it is closed.</summary>
    private sealed class Closed(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _end =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _end.Task.WaitAsync(cancellationToken);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _end.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
