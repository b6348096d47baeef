"""Templates drafted, checked and looked at."""
