"""Polling feeds: fetch politely, parse in processes of their own, push what is new or changed onto news.raw."""
