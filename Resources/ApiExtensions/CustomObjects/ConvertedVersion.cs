using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>A version of a custom kind, as conversions know it.</summary>
/// <param name="ApiVersion">Its group and version.</param>
/// <param name="Strategy">Its rules.</param>
public readonly record struct ConvertedVersion(string ApiVersion, CustomObjectStrategy Strategy)
{
    /// <summary>What a converted object is in this version: it has what the schema specifies, no defaults.</summary>
    public CustomObject Take(CustomObject converted)
    {
        converted.ApiVersion = ApiVersion;
        SchemaPruning.Prune(converted.Body, Strategy.Known.Schema);
        SchemaDefaults.DropNulls(converted.Body, Strategy.Known.Schema);
        return converted;
    }

    /// <summary>What an object that was stored in this version is by now: the defaults are those of today.</summary>
    public CustomObject Read(CustomObject stored)
    {
        Take(stored);
        Strategy.SetDefaults(stored);
        return stored;
    }
}
