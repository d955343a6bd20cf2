namespace OrleansOrchestrator.Cel.Functions;

/// <summary>By what the cost of a call is counted.</summary>
internal enum CostRule
{
    Nominal,
    Traversal,
    Text,
    TextTwice,
    Argument,
    Joining,
    Pattern,
    Contains,
    Authorization,
    CidrContainsIp,
    CidrContainsCidr,
    Collecting,
    Range,
    Pairs,
}

/// <summary>Which rule counts which function.</summary>
internal static class CostRules
{
    public static CostRule Of(string function, string overload) => overload switch
    {
        "starts_with_string" or "ends_with_string" => CostRule.Argument,
        "string_to_bytes" or "bytes_to_string" => CostRule.Text,
        "matches" or "matches_string" => CostRule.Pattern,
        "contains_string" => CostRule.Contains,
        "cidr_ip" => CostRule.Nominal,
        "list_join" or "list_join_string" => CostRule.Joining,
        _ => OfFunction(function, overload),
    };

    private static CostRule OfFunction(string function, string overload) => function switch
    {
        "check" => CostRule.Authorization,
        "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" => CostRule.Traversal,
        "url" or "lowerAscii" or "upperAscii" or "substring" or "trim" => CostRule.Text,
        "replace" or "split" or "ip.isCanonical" => CostRule.TextTwice,
        "find" or "findAll" => CostRule.Pattern,
        "cidr" or "isIP" or "isCIDR" or "ip" or "quantity" or "isQuantity" or "semver" or "isSemver" or "validate" =>
            CostRule.Text,
        "containsIP" => CostRule.CidrContainsIp,
        "containsCIDR" => CostRule.CidrContainsCidr,
        "slice" or "flatten" or "reverse" => CostRule.Collecting,
        "sort" or "@sortByAssociatedKeys" or "distinct" or "sets.contains" or "sets.equivalent" or "sets.intersects" =>
            CostRule.Pairs,
        "lists.range" => CostRule.Range,
        _ => CostRule.Nominal,
    };
}
