using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>Waits for kinds that definitions make.</summary>
internal static class CatalogWaits
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Returns when the kind is served.</summary>
    public static async Task ServedAsync(this ResourceCatalog catalog, ResourceName name)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        while (true)
        {
            var changed = catalog.Changed;
            if (catalog.Current.Find(name) is not null)
            {
                return;
            }

            await changed.WaitAsync(patience.Token);
        }
    }
}
