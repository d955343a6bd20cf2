namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>What is made of the catalogue: made when it is first asked for, and again after the catalogue changed.
/// </summary>
/// <param name="catalog">The catalogue.</param>
/// <param name="make">Makes it, of the kinds and of what was made before (null at first).</param>
public sealed class CatalogView<T>(ResourceCatalog catalog, Func<ResourceTable, T?, T> make)
    where T : class
{
    private readonly Lock _lock = new();
    private volatile Made? _made;

    /// <summary>Of the kinds that there are now.</summary>
    public T Current
    {
        get
        {
            var table = catalog.Current;
            return _made is { } made && ReferenceEquals(made.Table, table) ? made.Value : Make();
        }
    }

    private T Make()
    {
        lock (_lock)
        {
            var table = catalog.Current;
            if (_made is not { } made || !ReferenceEquals(made.Table, table))
            {
                _made = made = new Made(table, make(table, _made?.Value));
            }

            return made.Value;
        }
    }

    private sealed record Made(ResourceTable Table, T Value);
}
